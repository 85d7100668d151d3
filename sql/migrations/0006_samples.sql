-- What the walls showed, so that a past morning can be looked at as it was seen.
--
-- origin is part of the key: computing a day again never touches what was shown live.
CREATE TABLE IF NOT EXISTS pult.wall_sample_facts
(
    tenant               LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain               LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    at                   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Instant, a whole multiple of 5 s',
    origin               LowCardinality(String) COMMENT 'live as shown then, refold as computed again',
    queue_id             LowCardinality(String) COMMENT 'Queue',
    waiting              UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Callers waiting',
    longest_wait_ms      Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Longest wait of those [ms]; NULL while nobody waits',
    waiting_over_target  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Callers waiting longer than the target',
    talking              UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Callers with an agent, holding included',
    answered_5m          UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Answered in the last 5 minutes',
    answered_in_time_5m  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Answered within the target in the last 5 minutes',
    abandoned_5m         UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Abandoned in the last 5 minutes, short ones included',
    short_abandoned_5m   UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Abandoned within the short limit in the last 5 minutes',
    service_level_5m     Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Headline service level of the last 5 minutes, as shown [0..1]; NULL without calls',
    answered_30m         UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Answered in the last 30 minutes',
    answered_in_time_30m UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Answered within the target in the last 30 minutes',
    abandoned_30m        UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Abandoned in the last 30 minutes, short ones included',
    short_abandoned_30m  UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Abandoned within the short limit in the last 30 minutes',
    service_level_30m    Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Headline service level of the last 30 minutes, as shown [0..1]; NULL without calls',
    revision             Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at             DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided               Bool COMMENT 'The fact no longer holds; views hide it',
    INDEX moment at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, domain, queue_id, origin, at)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Samples of queues as inserted; read wall_samples';

CREATE VIEW IF NOT EXISTS pult.wall_samples
(
    tenant               LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain               LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    at                   DateTime64(3, 'UTC') COMMENT 'Instant, a whole multiple of 5 s',
    origin               LowCardinality(String) COMMENT 'live as shown then, refold as computed again',
    queue_id             LowCardinality(String) COMMENT 'Queue',
    waiting              UInt32 COMMENT 'Callers waiting',
    longest_wait_ms      Nullable(Int64) COMMENT 'Longest wait of those [ms]; NULL while nobody waits',
    waiting_over_target  UInt32 COMMENT 'Callers waiting longer than the target',
    talking              UInt32 COMMENT 'Callers with an agent, holding included',
    answered_5m          UInt32 COMMENT 'Answered in the last 5 minutes',
    answered_in_time_5m  UInt32 COMMENT 'Answered within the target in the last 5 minutes',
    abandoned_5m         UInt32 COMMENT 'Abandoned in the last 5 minutes, short ones included',
    short_abandoned_5m   UInt32 COMMENT 'Abandoned within the short limit in the last 5 minutes',
    service_level_5m     Nullable(Float64) COMMENT 'Headline service level of the last 5 minutes, as shown [0..1]; NULL without calls',
    answered_30m         UInt32 COMMENT 'Answered in the last 30 minutes',
    answered_in_time_30m UInt32 COMMENT 'Answered within the target in the last 30 minutes',
    abandoned_30m        UInt32 COMMENT 'Abandoned in the last 30 minutes, short ones included',
    short_abandoned_30m  UInt32 COMMENT 'Abandoned within the short limit in the last 30 minutes',
    service_level_30m    Nullable(Float64) COMMENT 'Headline service level of the last 30 minutes, as shown [0..1]; NULL without calls',
    revision             Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at             DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, at, origin, queue_id, waiting, longest_wait_ms, waiting_over_target,
    talking, answered_5m, answered_in_time_5m, abandoned_5m, short_abandoned_5m,
    service_level_5m, answered_30m, answered_in_time_30m, abandoned_30m, short_abandoned_30m,
    service_level_30m, revision, known_at
FROM pult.wall_sample_facts FINAL
WHERE NOT voided
COMMENT 'What the wall showed of a queue, every 5 s';

CREATE TABLE IF NOT EXISTS pult.team_sample_facts
(
    tenant        LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain        LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    at            DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Instant, a whole multiple of 5 s',
    origin        LowCardinality(String) COMMENT 'live as shown then, refold as computed again',
    team          LowCardinality(String) COMMENT 'Team',
    logged_in     UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents logged in',
    ready         UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents ready',
    reserved      UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents ringing',
    talking       UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents talking',
    holding       UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents holding a call',
    wrapup        UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents in work after a call',
    not_ready     UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Agents not ready',
    occupancy_30m Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'Occupancy of the last 30 minutes [0..1]; NULL without logged-in time',
    revision      Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at      DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided        Bool COMMENT 'The fact no longer holds; views hide it',
    INDEX moment at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, domain, team, origin, at)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Samples of teams as inserted; read team_samples';

CREATE VIEW IF NOT EXISTS pult.team_samples
(
    tenant        LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain        LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    at            DateTime64(3, 'UTC') COMMENT 'Instant, a whole multiple of 5 s',
    origin        LowCardinality(String) COMMENT 'live as shown then, refold as computed again',
    team          LowCardinality(String) COMMENT 'Team',
    logged_in     UInt32 COMMENT 'Agents logged in',
    ready         UInt32 COMMENT 'Agents ready',
    reserved      UInt32 COMMENT 'Agents ringing',
    talking       UInt32 COMMENT 'Agents talking',
    holding       UInt32 COMMENT 'Agents holding a call',
    wrapup        UInt32 COMMENT 'Agents in work after a call',
    not_ready     UInt32 COMMENT 'Agents not ready',
    occupancy_30m Nullable(Float64) COMMENT 'Occupancy of the last 30 minutes [0..1]; NULL without logged-in time',
    revision      Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at      DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, at, origin, team, logged_in, ready, reserved, talking, holding, wrapup,
    not_ready, occupancy_30m, revision, known_at
FROM pult.team_sample_facts FINAL
WHERE NOT voided
COMMENT 'What the wall showed of the people of a team, every 5 s';
