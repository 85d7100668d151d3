-- The event history: what every other table can be computed from again.
--
-- Delivery is at least once. An event has one place in this sorting key however often it comes,
-- so ReplacingMergeTree keeps one row; who must count exactly reads FINAL. `sequence` is no part of
-- the key: a log read again in other pieces may number the lines of a second otherwise. One partition per month:
-- dropping old history is dropping partitions. An insert that spans partitions is not atomic,
-- so the writer splits by month.
CREATE TABLE IF NOT EXISTS pult.events
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    id             String CODEC(ZSTD(1)) COMMENT 'Derived from the identifiers of the source; the same on re-delivery',
    type           LowCardinality(String) COMMENT 'Event type, e.g. cc.queue.entered.v1',
    source         LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    feed           LowCardinality(String) COMMENT 'Channel the source spoke through, e.g. ami or queue-log',
    occurred_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it happened, by the clock of the source',
    recorded_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When the adapter saw it',
    sequence       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Order within the feed',
    resolution     UInt32 COMMENT 'Finest step of occurred_at in ms; 1000 for a log of whole seconds',
    clock          LowCardinality(String) COMMENT 'Whose clock occurred_at is: source, adapter, estimated',
    subject        String CODEC(ZSTD(1)) COMMENT 'CloudEvents subject, mostly empty',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Contact the event belongs to, empty where the message does not say',
    queue_id       LowCardinality(String) COMMENT 'Queue it names, or empty',
    agent_id       LowCardinality(String) COMMENT 'Agent it names, or empty',
    data           String CODEC(ZSTD(3)) COMMENT 'What the event says beyond its envelope, JSON',
    log_partition  Int32 COMMENT 'Partition of the log that carried it',
    log_offset     Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Place in that log'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant, domain, occurred_at, source, feed, id)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Every event; a re-delivered one is one row after a merge or with FINAL';
