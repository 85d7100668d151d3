-- What could not be used, whole, with a reason, so that nothing is lost without a trace.
--
-- The same bytes received at the same instant are one row, whatever their place in the log:
-- importing a recording twice must not double its rejects. The hash stands for the bytes in the
-- key, because they may be megabytes long.
CREATE TABLE IF NOT EXISTS pult.rejected_facts
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source      LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    feed        LowCardinality(String) COMMENT 'Channel the source spoke through',
    reason      LowCardinality(String) COMMENT 'malformed oversized unreadable no_time future foreign',
    detail      String CODEC(ZSTD(3)) COMMENT 'What was found, for a person to read',
    bytes       String CODEC(ZSTD(3)) COMMENT 'What came, whole; need not be text',
    received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was received',
    revision    Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position it came from'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, domain, received_at, source, feed, reason, sipHash128(bytes))
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Rejects as inserted; read rejected';

CREATE VIEW IF NOT EXISTS pult.rejected
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source      LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    feed        LowCardinality(String) COMMENT 'Channel the source spoke through',
    reason      LowCardinality(String) COMMENT 'malformed oversized unreadable no_time future foreign',
    detail      String COMMENT 'What was found, for a person to read',
    bytes       String COMMENT 'What came, whole; need not be text',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was received',
    revision    Int64 COMMENT 'Log position it came from'
)
AS SELECT
    tenant, domain, source, feed, reason, detail, bytes, received_at, revision
FROM pult.rejected_facts FINAL
COMMENT 'What could not be used, whole, and why';

-- Days that an event reached too late; each is folded again and then voided here.
CREATE TABLE IF NOT EXISTS pult.dirty_day_facts
(
    tenant   LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain   LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    day      Date COMMENT 'Local day',
    revision Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided   Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, day)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Days to fold again, as inserted; read dirty_days';

CREATE VIEW IF NOT EXISTS pult.dirty_days
(
    tenant   LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain   LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    day      Date COMMENT 'Local day',
    revision Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, day, revision, known_at
FROM pult.dirty_day_facts FINAL
WHERE NOT voided
COMMENT 'Local days that wait to be folded again';
