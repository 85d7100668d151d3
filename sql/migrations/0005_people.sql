-- What agents did: sessions, states without overlap or hole, and breaks, which are no states.
--
-- Keys are the agent and the beginning, neither of which changes between revisions: a corrected
-- beginning is a new key, and the old one is voided. So partitions by month of the beginning
-- are safe, and FINAL reads only the months asked for.
CREATE TABLE IF NOT EXISTS pult.agent_session_facts
(
    tenant        LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain        LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id      LowCardinality(String) COMMENT 'What the source calls the agent',
    source        LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    logged_in_at  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Log-in',
    logged_out_at Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Log-out; NULL while logged in',
    revision      Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at      DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided        Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(logged_in_at)
ORDER BY (tenant, domain, agent_id, logged_in_at)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every session after a merge or with FINAL; read agent_sessions';

CREATE VIEW IF NOT EXISTS pult.agent_sessions
(
    tenant        LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain        LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id      LowCardinality(String) COMMENT 'What the source calls the agent',
    source        LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    logged_in_at  DateTime64(3, 'UTC') COMMENT 'Log-in',
    logged_out_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Log-out; NULL while logged in',
    revision      Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at      DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, agent_id, source, logged_in_at, logged_out_at, revision, known_at
FROM pult.agent_session_facts FINAL
WHERE NOT voided
COMMENT 'Log-in to log-out of an agent: newest revision';

CREATE TABLE IF NOT EXISTS pult.agent_state_facts
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id    LowCardinality(String) COMMENT 'What the source calls the agent',
    state       LowCardinality(String) COMMENT 'offline ready reserved talking holding wrapup not_ready',
    reason      LowCardinality(String) COMMENT 'Reason the agent gave, or empty',
    started_at  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Began',
    ended_at    Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Ended; NULL while it lasts',
    duration_ms Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Length [ms]; NULL while it lasts',
    revision    Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided      Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, domain, agent_id, started_at)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every interval after a merge or with FINAL; read agent_states';

CREATE VIEW IF NOT EXISTS pult.agent_states
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id    LowCardinality(String) COMMENT 'What the source calls the agent',
    state       LowCardinality(String) COMMENT 'offline ready reserved talking holding wrapup not_ready',
    reason      LowCardinality(String) COMMENT 'Reason the agent gave, or empty',
    started_at  DateTime64(3, 'UTC') COMMENT 'Began',
    ended_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'Ended; NULL while it lasts',
    duration_ms Nullable(Int64) COMMENT 'Length [ms]; NULL while it lasts',
    revision    Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at    DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, agent_id, state, reason, started_at, ended_at, duration_ms, revision,
    known_at
FROM pult.agent_state_facts FINAL
WHERE NOT voided
COMMENT 'Intervals in which an agent was in one state: newest revision';

CREATE TABLE IF NOT EXISTS pult.break_facts
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id    LowCardinality(String) COMMENT 'What the source calls the agent',
    reason      LowCardinality(String) COMMENT 'Reason the agent gave, or empty',
    started_at  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Began',
    ended_at    Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Ended; NULL while it lasts',
    duration_ms Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Length [ms]; NULL while it lasts',
    revision    Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided      Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, domain, agent_id, started_at)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every break after a merge or with FINAL; read breaks';

CREATE VIEW IF NOT EXISTS pult.breaks
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id    LowCardinality(String) COMMENT 'What the source calls the agent',
    reason      LowCardinality(String) COMMENT 'Reason the agent gave, or empty',
    started_at  DateTime64(3, 'UTC') COMMENT 'Began',
    ended_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'Ended; NULL while it lasts',
    duration_ms Nullable(Int64) COMMENT 'Length [ms]; NULL while it lasts',
    revision    Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at    DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, agent_id, reason, started_at, ended_at, duration_ms, revision, known_at
FROM pult.break_facts FINAL
WHERE NOT voided
COMMENT 'Pause to unpause or log-out, also while the agent still talks: newest revision';
