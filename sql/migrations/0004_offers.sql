-- Offers: ringings of agents.
--
-- The key is offer_id alone, and a later revision may move started_at, over the end of a month
-- too. So there are no partitions by time: two revisions in two partitions would be seen as two
-- offers by a query that reads only one of them.
CREATE TABLE IF NOT EXISTS pult.offer_facts
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    offer_id       String CODEC(ZSTD(1)) COMMENT 'Id of the ringing',
    leg_id         String CODEC(ZSTD(1)) COMMENT 'Leg it rang for',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Customer contact it rang for',
    source         LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    queue_id       LowCardinality(String) COMMENT 'Queue, or empty',
    agent_id       LowCardinality(String) COMMENT 'Agent whose device rang',
    started_at     DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Began to ring',
    ended_at       Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Stopped ringing; NULL while it rings',
    result         LowCardinality(String) COMMENT 'answered no_answer rejected busy cancelled elsewhere failed; empty while it rings',
    ring_ms        Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Ringing [ms]; NULL while unknown',
    revision       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided         Bool COMMENT 'The fact no longer holds; views hide it',
    INDEX started started_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, offer_id)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every offer after a merge or with FINAL; read offers';

CREATE VIEW IF NOT EXISTS pult.offers
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    offer_id       String COMMENT 'Id of the ringing',
    leg_id         String COMMENT 'Leg it rang for',
    interaction_id String COMMENT 'Customer contact it rang for',
    source         LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    queue_id       LowCardinality(String) COMMENT 'Queue, or empty',
    agent_id       LowCardinality(String) COMMENT 'Agent whose device rang',
    started_at     DateTime64(3, 'UTC') COMMENT 'Began to ring',
    ended_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'Stopped ringing; NULL while it rings',
    result         LowCardinality(String) COMMENT 'answered no_answer rejected busy cancelled elsewhere failed; empty while it rings',
    ring_ms        Nullable(Int64) COMMENT 'Ringing [ms]; NULL while unknown',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, offer_id, leg_id, interaction_id, source, queue_id, agent_id, started_at,
    ended_at, result, ring_ms, revision, known_at
FROM pult.offer_facts FINAL
WHERE NOT voided
COMMENT 'Ringings of agents: newest revision';
