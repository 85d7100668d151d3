-- Episodes in which a rule of discipline was violated, and what people decided about them.
--
-- An episode is corrected as more becomes known. violation_history keeps every revision,
-- violation_facts the newest. The key is the id alone, and a later revision may move pending_at:
-- so there are no partitions by time.
CREATE TABLE IF NOT EXISTS pult.violation_history
(
    tenant       LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain       LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    episode_id   String CODEC(ZSTD(1)) COMMENT 'Id of the episode, derived from its rule, whose it is and what it is about',
    code         LowCardinality(String) COMMENT 'Rule that was violated, e.g. late_return',
    agent_id     LowCardinality(String) COMMENT 'Agent; empty where nobody in particular is meant',
    queue_id     LowCardinality(String) COMMENT 'Queue in which it began, or empty',
    team         LowCardinality(String) COMMENT 'Team of the agent, or empty',
    severity     LowCardinality(String) COMMENT 'info warning critical: the worst it has reached',
    state        LowCardinality(String) COMMENT 'pending firing resolved excused, as the rules say',
    pending_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it began to look like a violation',
    fired_at     Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it became one; NULL while pending',
    cleared_at   Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was over; NULL while it lasts',
    about        String CODEC(ZSTD(1)) COMMENT 'What it is about: a break, an offer, a call, a month',
    rule_version String CODEC(ZSTD(1)) COMMENT 'Version of the rule: a hash of its thresholds',
    thresholds   String CODEC(ZSTD(1)) COMMENT 'Thresholds in force, a JSON object',
    evidence     String CODEC(ZSTD(1)) COMMENT 'Values, events and facts that led to it, a JSON object',
    revision     Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at     DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided       Bool COMMENT 'The episode no longer holds'
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, domain, episode_id, revision)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Every revision of every episode, as inserted; read violation_revisions';

CREATE TABLE IF NOT EXISTS pult.violation_facts
(
    tenant       LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain       LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    episode_id   String CODEC(ZSTD(1)) COMMENT 'Id of the episode, derived from its rule, whose it is and what it is about',
    code         LowCardinality(String) COMMENT 'Rule that was violated, e.g. late_return',
    agent_id     LowCardinality(String) COMMENT 'Agent; empty where nobody in particular is meant',
    queue_id     LowCardinality(String) COMMENT 'Queue in which it began, or empty',
    team         LowCardinality(String) COMMENT 'Team of the agent, or empty',
    severity     LowCardinality(String) COMMENT 'info warning critical: the worst it has reached',
    state        LowCardinality(String) COMMENT 'pending firing resolved excused, as the rules say',
    pending_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it began to look like a violation',
    fired_at     Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it became one; NULL while pending',
    cleared_at   Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was over; NULL while it lasts',
    about        String CODEC(ZSTD(1)) COMMENT 'What it is about: a break, an offer, a call, a month',
    rule_version String CODEC(ZSTD(1)) COMMENT 'Version of the rule: a hash of its thresholds',
    thresholds   String CODEC(ZSTD(1)) COMMENT 'Thresholds in force, a JSON object',
    evidence     String CODEC(ZSTD(1)) COMMENT 'Values, events and facts that led to it, a JSON object',
    revision     Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at     DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided       Bool COMMENT 'The episode no longer holds',
    INDEX began pending_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, episode_id)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every episode after a merge or with FINAL; read violations';

CREATE MATERIALIZED VIEW IF NOT EXISTS pult.violation_facts_feed TO pult.violation_facts
AS SELECT * FROM pult.violation_history
COMMENT 'Copies every episode into violation_facts';

CREATE VIEW IF NOT EXISTS pult.violation_revisions
(
    tenant       LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain       LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    episode_id   String COMMENT 'Id of the episode, derived from its rule, whose it is and what it is about',
    code         LowCardinality(String) COMMENT 'Rule that was violated, e.g. late_return',
    agent_id     LowCardinality(String) COMMENT 'Agent; empty where nobody in particular is meant',
    queue_id     LowCardinality(String) COMMENT 'Queue in which it began, or empty',
    team         LowCardinality(String) COMMENT 'Team of the agent, or empty',
    severity     LowCardinality(String) COMMENT 'info warning critical: the worst it has reached',
    state        LowCardinality(String) COMMENT 'pending firing resolved excused, as the rules say',
    pending_at   DateTime64(3, 'UTC') COMMENT 'When it began to look like a violation',
    fired_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When it became one; NULL while pending',
    cleared_at   Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was over; NULL while it lasts',
    about        String COMMENT 'What it is about: a break, an offer, a call, a month',
    rule_version String COMMENT 'Version of the rule: a hash of its thresholds',
    thresholds   String COMMENT 'Thresholds in force, a JSON object',
    evidence     String COMMENT 'Values, events and facts that led to it, a JSON object',
    revision     Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at     DateTime64(3, 'UTC') COMMENT 'When that log entry was received',
    voided       Bool COMMENT 'The episode no longer holds'
)
AS SELECT
    tenant, domain, episode_id, code, agent_id, queue_id, team, severity, state,
    pending_at, fired_at, cleared_at, about, rule_version, thresholds, evidence, revision,
    known_at, voided
FROM pult.violation_history FINAL
COMMENT 'Every revision of every episode: what was known when';

-- What people decide stands beside what the rules say and never replaces it.
CREATE TABLE IF NOT EXISTS pult.review_facts
(
    tenant     LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain     LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    review_id  String CODEC(ZSTD(1)) COMMENT 'Id of the event that told it',
    episode_id String CODEC(ZSTD(1)) COMMENT 'Episode it is about',
    verdict    LowCardinality(String) COMMENT 'acknowledged excused neutral',
    author     String CODEC(ZSTD(1)) COMMENT 'Who decided it',
    reason     String CODEC(ZSTD(1)) COMMENT 'Why',
    decided_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When',
    revision   Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided     Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, episode_id, review_id)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every review after a merge or with FINAL; read reviews';

CREATE VIEW IF NOT EXISTS pult.reviews
(
    tenant     LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain     LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    review_id  String COMMENT 'Id of the event that told it',
    episode_id String COMMENT 'Episode it is about',
    verdict    LowCardinality(String) COMMENT 'acknowledged excused neutral',
    author     String COMMENT 'Who decided it',
    reason     String COMMENT 'Why',
    decided_at DateTime64(3, 'UTC') COMMENT 'When',
    revision   Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at   DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, review_id, episode_id, verdict, author, reason, decided_at, revision,
    known_at
FROM pult.review_facts FINAL
WHERE NOT voided
COMMENT 'Acknowledgements and excuses: newest revision';

CREATE VIEW IF NOT EXISTS pult.violations
(
    tenant        LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain        LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    episode_id    String COMMENT 'Id of the episode, derived from its rule, whose it is and what it is about',
    code          LowCardinality(String) COMMENT 'Rule that was violated, e.g. late_return',
    agent_id      LowCardinality(String) COMMENT 'Agent; empty where nobody in particular is meant',
    queue_id      LowCardinality(String) COMMENT 'Queue in which it began, or empty',
    team          LowCardinality(String) COMMENT 'Team of the agent, or empty',
    severity      LowCardinality(String) COMMENT 'info warning critical: the worst it has reached',
    state         LowCardinality(String) COMMENT 'pending firing acknowledged resolved excused voided',
    pending_at    DateTime64(3, 'UTC') COMMENT 'When it began to look like a violation',
    fired_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'When it became one; NULL while pending',
    cleared_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was over; NULL while it lasts',
    about         String COMMENT 'What it is about: a break, an offer, a call, a month',
    rule_version  String COMMENT 'Version of the rule: a hash of its thresholds',
    thresholds    String COMMENT 'Thresholds in force, a JSON object',
    evidence      String COMMENT 'Values, events and facts that led to it, a JSON object',
    duration_ms   Nullable(Int64) COMMENT 'From firing to clearing [ms]; NULL while it lasts',
    ruled         LowCardinality(String) COMMENT 'What the rules alone say: pending firing resolved excused voided',
    reviewed_by   String COMMENT 'Who acknowledged or excused it last, or empty',
    reviewed_at   Nullable(DateTime64(3, 'UTC')) COMMENT 'When; NULL if nobody did',
    review_reason String COMMENT 'Why, or empty',
    revision      Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at      DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    f.tenant AS tenant, f.domain AS domain, f.episode_id AS episode_id, f.code AS code,
    f.agent_id AS agent_id, f.queue_id AS queue_id, f.team AS team, f.severity AS severity,
    multiIf(
        f.voided, 'voided',
        f.state = 'pending', 'pending',
        r.excused, 'excused',
        f.state = 'firing' AND r.reviewed_by != '', 'acknowledged',
        f.state) AS state,
    f.pending_at AS pending_at, f.fired_at AS fired_at, f.cleared_at AS cleared_at,
    f.about AS about, f.rule_version AS rule_version, f.thresholds AS thresholds,
    f.evidence AS evidence,
    toUnixTimestamp64Milli(f.cleared_at) - toUnixTimestamp64Milli(f.fired_at) AS duration_ms,
    if(f.voided, 'voided', f.state) AS ruled,
    r.reviewed_by AS reviewed_by,
    if(r.reviewed_by = '', NULL, r.last_at) AS reviewed_at,
    r.last_reason AS review_reason,
    f.revision AS revision, f.known_at AS known_at
FROM (SELECT * FROM pult.violation_facts FINAL) AS f
LEFT JOIN
(
    SELECT
        tenant, domain, episode_id,
        max(verdict IN ('excused', 'neutral')) AS excused,
        argMax(author, (decided_at, review_id)) AS reviewed_by,
        argMax(reason, (decided_at, review_id)) AS last_reason,
        max(decided_at) AS last_at
    FROM pult.reviews
    GROUP BY tenant, domain, episode_id
) AS r ON f.tenant = r.tenant AND f.domain = r.domain AND f.episode_id = r.episode_id
COMMENT 'Episodes of violated rules: newest revision, with what people decided; voided ones too';
