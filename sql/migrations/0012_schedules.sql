-- What was planned for agents, as activities that do not overlap, and how they kept to it.
CREATE TABLE IF NOT EXISTS pult.planned_facts
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id         LowCardinality(String) COMMENT 'Agent',
    day              Date COMMENT 'Local date on which the shift begins',
    zone             LowCardinality(String) COMMENT 'Time zone of the agent',
    version          Int64 COMMENT 'Version of the plan of that day; the highest holds',
    shift_started_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Beginning of the shift it is of',
    shift_ended_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'End of the shift it is of',
    activity         LowCardinality(String) COMMENT 'work break meeting exception absence',
    name             LowCardinality(String) COMMENT 'What the plan calls it, or empty',
    started_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it is to begin',
    ended_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it is to end',
    inside           LowCardinality(String) COMMENT 'States that keep to it, with commas between',
    outside          LowCardinality(String) COMMENT 'States that do not; all others are neutral',
    revision         Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided           Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, domain, agent_id, started_at)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every planned activity after a merge or with FINAL; read schedules';

CREATE VIEW IF NOT EXISTS pult.schedules
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    agent_id         LowCardinality(String) COMMENT 'Agent',
    day              Date COMMENT 'Local date on which the shift begins',
    zone             LowCardinality(String) COMMENT 'Time zone of the agent',
    version          Int64 COMMENT 'Version of the plan of that day; the highest holds',
    shift_started_at DateTime64(3, 'UTC') COMMENT 'Beginning of the shift it is of',
    shift_ended_at   DateTime64(3, 'UTC') COMMENT 'End of the shift it is of',
    activity         LowCardinality(String) COMMENT 'work break meeting exception absence',
    name             LowCardinality(String) COMMENT 'What the plan calls it, or empty',
    started_at       DateTime64(3, 'UTC') COMMENT 'When it is to begin',
    ended_at         DateTime64(3, 'UTC') COMMENT 'When it is to end',
    duration_ms      Int64 COMMENT 'Length [ms]',
    inside           LowCardinality(String) COMMENT 'States that keep to it, with commas between',
    outside          LowCardinality(String) COMMENT 'States that do not; all others are neutral',
    revision         Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, agent_id, day, zone, version, shift_started_at, shift_ended_at, activity,
    name, started_at, ended_at,
    toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at) AS duration_ms,
    inside, outside, revision, known_at
FROM pult.planned_facts FINAL
WHERE NOT voided
COMMENT 'What is planned for agents: activities without overlap, newest revision';
