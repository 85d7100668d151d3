-- Legs: visits to queues, and direct or outbound calls.
--
-- A leg is corrected as more becomes known. leg_history keeps every revision, leg_facts the
-- newest. Both are sorted and partitioned by first_second, which is part of the id and so never
-- changes: a correction always lands in the partition of what it corrects, where FINAL sees it.
-- People ask by entered_at, within seconds of first_second, hence the minmax index.
CREATE TABLE IF NOT EXISTS pult.leg_history
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    first_second     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Earliest known second of entry, part of the id',
    source           LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    leg_id           String CODEC(ZSTD(1)) COMMENT 'Id of the visit, derived from source, channel, queue and first second',
    interaction_id   String CODEC(ZSTD(1)) COMMENT 'Customer contact it belongs to',
    queue_id         LowCardinality(String) COMMENT 'Queue; empty for a direct or outbound call',
    channel          LowCardinality(String) COMMENT 'voice, chat, email, ...',
    direction        LowCardinality(String) COMMENT 'in, out, internal',
    caller_key       String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the number of the caller, or empty',
    priority         Int32 CODEC(T64, ZSTD(1)) COMMENT 'Priority the source gave it',
    entered_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Began to wait; the clock of the source',
    answered_at      Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'An agent took it; NULL if none did, or not yet',
    left_at          Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Stopped waiting; NULL while it waits',
    ended_at         Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'The part of the agent was over; NULL while open',
    outcome          LowCardinality(String) COMMENT 'answered abandoned timeout key empty full withdrawn transferred callback system; waiting while open',
    wait_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Wait in the queue [ms]; NULL while unknown',
    ring_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Ringing of the agent who answered [ms]; NULL while unknown',
    talk_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Conversation, holding included where the source does not tell it apart [ms]; NULL while unknown',
    hold_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'On hold [ms]; NULL while unknown',
    wrapup_ms        Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Work after the call [ms]; NULL while unknown',
    agent_id         LowCardinality(String) COMMENT 'Agent who answered, or empty',
    ended_by         LowCardinality(String) COMMENT 'caller agent system unknown; empty while open',
    transferred_to   String CODEC(ZSTD(1)) COMMENT 'Where the agent sent it, or empty',
    transfer_kind    LowCardinality(String) COMMENT 'blind attended queue external, or empty',
    offers           UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Ringings of agents for it',
    answer_within_ms Int64 CODEC(T64, ZSTD(1)) COMMENT 'Target in force then: an answer after at most this wait is in time [ms]',
    short_abandon_ms Int64 CODEC(T64, ZSTD(1)) COMMENT 'Limit in force then: an abandon after at most this wait is a misdial [ms]',
    clock            LowCardinality(String) COMMENT 'Whose clock the times are: source, adapter, estimated',
    revision         Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided           Bool COMMENT 'The fact no longer holds; views hide it',
    INDEX entered entered_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(first_second)
ORDER BY (tenant, domain, first_second, leg_id, revision)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Every revision of every leg, as inserted; read leg_revisions';

CREATE TABLE IF NOT EXISTS pult.leg_facts
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    first_second     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Earliest known second of entry, part of the id',
    source           LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    leg_id           String CODEC(ZSTD(1)) COMMENT 'Id of the visit, derived from source, channel, queue and first second',
    interaction_id   String CODEC(ZSTD(1)) COMMENT 'Customer contact it belongs to',
    queue_id         LowCardinality(String) COMMENT 'Queue; empty for a direct or outbound call',
    channel          LowCardinality(String) COMMENT 'voice, chat, email, ...',
    direction        LowCardinality(String) COMMENT 'in, out, internal',
    caller_key       String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the number of the caller, or empty',
    priority         Int32 CODEC(T64, ZSTD(1)) COMMENT 'Priority the source gave it',
    entered_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Began to wait; the clock of the source',
    answered_at      Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'An agent took it; NULL if none did, or not yet',
    left_at          Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Stopped waiting; NULL while it waits',
    ended_at         Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'The part of the agent was over; NULL while open',
    outcome          LowCardinality(String) COMMENT 'answered abandoned timeout key empty full withdrawn transferred callback system; waiting while open',
    wait_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Wait in the queue [ms]; NULL while unknown',
    ring_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Ringing of the agent who answered [ms]; NULL while unknown',
    talk_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Conversation, holding included where the source does not tell it apart [ms]; NULL while unknown',
    hold_ms          Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'On hold [ms]; NULL while unknown',
    wrapup_ms        Nullable(Int64) CODEC(T64, ZSTD(1)) COMMENT 'Work after the call [ms]; NULL while unknown',
    agent_id         LowCardinality(String) COMMENT 'Agent who answered, or empty',
    ended_by         LowCardinality(String) COMMENT 'caller agent system unknown; empty while open',
    transferred_to   String CODEC(ZSTD(1)) COMMENT 'Where the agent sent it, or empty',
    transfer_kind    LowCardinality(String) COMMENT 'blind attended queue external, or empty',
    offers           UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Ringings of agents for it',
    answer_within_ms Int64 CODEC(T64, ZSTD(1)) COMMENT 'Target in force then: an answer after at most this wait is in time [ms]',
    short_abandon_ms Int64 CODEC(T64, ZSTD(1)) COMMENT 'Limit in force then: an abandon after at most this wait is a misdial [ms]',
    clock            LowCardinality(String) COMMENT 'Whose clock the times are: source, adapter, estimated',
    revision         Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided           Bool COMMENT 'The fact no longer holds; views hide it',
    INDEX entered entered_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(first_second)
ORDER BY (tenant, domain, first_second, leg_id)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every leg after a merge or with FINAL; read legs';

-- One insert feeds both. A repeated insert is recognised by its token in both tables, so a crash
-- between the two is healed by sending the same batch again.
CREATE MATERIALIZED VIEW IF NOT EXISTS pult.leg_facts_feed TO pult.leg_facts
AS SELECT * FROM pult.leg_history
COMMENT 'Copies every leg into leg_facts';

CREATE VIEW IF NOT EXISTS pult.leg_revisions
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    first_second     DateTime64(3, 'UTC') COMMENT 'Earliest known second of entry, part of the id',
    source           LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    leg_id           String COMMENT 'Id of the visit, derived from source, channel, queue and first second',
    interaction_id   String COMMENT 'Customer contact it belongs to',
    queue_id         LowCardinality(String) COMMENT 'Queue; empty for a direct or outbound call',
    channel          LowCardinality(String) COMMENT 'voice, chat, email, ...',
    direction        LowCardinality(String) COMMENT 'in, out, internal',
    caller_key       String COMMENT 'Keyed hash of the number of the caller, or empty',
    priority         Int32 COMMENT 'Priority the source gave it',
    entered_at       DateTime64(3, 'UTC') COMMENT 'Began to wait; the clock of the source',
    answered_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'An agent took it; NULL if none did, or not yet',
    left_at          Nullable(DateTime64(3, 'UTC')) COMMENT 'Stopped waiting; NULL while it waits',
    ended_at         Nullable(DateTime64(3, 'UTC')) COMMENT 'The part of the agent was over; NULL while open',
    outcome          LowCardinality(String) COMMENT 'answered abandoned timeout key empty full withdrawn transferred callback system; waiting while open',
    wait_ms          Nullable(Int64) COMMENT 'Wait in the queue [ms]; NULL while unknown',
    ring_ms          Nullable(Int64) COMMENT 'Ringing of the agent who answered [ms]; NULL while unknown',
    talk_ms          Nullable(Int64) COMMENT 'Conversation, holding included where the source does not tell it apart [ms]; NULL while unknown',
    hold_ms          Nullable(Int64) COMMENT 'On hold [ms]; NULL while unknown',
    wrapup_ms        Nullable(Int64) COMMENT 'Work after the call [ms]; NULL while unknown',
    agent_id         LowCardinality(String) COMMENT 'Agent who answered, or empty',
    ended_by         LowCardinality(String) COMMENT 'caller agent system unknown; empty while open',
    transferred_to   String COMMENT 'Where the agent sent it, or empty',
    transfer_kind    LowCardinality(String) COMMENT 'blind attended queue external, or empty',
    offers           UInt32 COMMENT 'Ringings of agents for it',
    answer_within_ms Int64 COMMENT 'Target in force then: an answer after at most this wait is in time [ms]',
    short_abandon_ms Int64 COMMENT 'Limit in force then: an abandon after at most this wait is a misdial [ms]',
    clock            LowCardinality(String) COMMENT 'Whose clock the times are: source, adapter, estimated',
    revision         Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') COMMENT 'When that log entry was received',
    voided           Bool COMMENT 'The fact no longer holds; views hide it'
)
AS SELECT
    tenant, domain, first_second, source, leg_id, interaction_id, queue_id, channel,
    direction, caller_key, priority, entered_at, answered_at, left_at, ended_at, outcome,
    wait_ms, ring_ms, talk_ms, hold_ms, wrapup_ms, agent_id, ended_by, transferred_to,
    transfer_kind, offers, answer_within_ms, short_abandon_ms, clock, revision, known_at,
    voided
FROM pult.leg_history FINAL
COMMENT 'Every revision of every leg: what was known when';

CREATE VIEW IF NOT EXISTS pult.legs
(
    tenant           LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain           LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source           LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    leg_id           String COMMENT 'Id of the visit, derived from source, channel, queue and first second',
    interaction_id   String COMMENT 'Customer contact it belongs to',
    queue_id         LowCardinality(String) COMMENT 'Queue; empty for a direct or outbound call',
    channel          LowCardinality(String) COMMENT 'voice, chat, email, ...',
    direction        LowCardinality(String) COMMENT 'in, out, internal',
    caller_key       String COMMENT 'Keyed hash of the number of the caller, or empty',
    priority         Int32 COMMENT 'Priority the source gave it',
    entered_at       DateTime64(3, 'UTC') COMMENT 'Began to wait; the clock of the source',
    answered_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'An agent took it; NULL if none did, or not yet',
    left_at          Nullable(DateTime64(3, 'UTC')) COMMENT 'Stopped waiting; NULL while it waits',
    ended_at         Nullable(DateTime64(3, 'UTC')) COMMENT 'The part of the agent was over; NULL while open',
    outcome          LowCardinality(String) COMMENT 'answered abandoned timeout key empty full withdrawn transferred callback system; waiting while open',
    wait_ms          Nullable(Int64) COMMENT 'Wait in the queue [ms]; NULL while unknown',
    ring_ms          Nullable(Int64) COMMENT 'Ringing of the agent who answered [ms]; NULL while unknown',
    talk_ms          Nullable(Int64) COMMENT 'Conversation, holding included where the source does not tell it apart [ms]; NULL while unknown',
    hold_ms          Nullable(Int64) COMMENT 'On hold [ms]; NULL while unknown',
    wrapup_ms        Nullable(Int64) COMMENT 'Work after the call [ms]; NULL while unknown',
    agent_id         LowCardinality(String) COMMENT 'Agent who answered, or empty',
    ended_by         LowCardinality(String) COMMENT 'caller agent system unknown; empty while open',
    transferred_to   String COMMENT 'Where the agent sent it, or empty',
    transfer_kind    LowCardinality(String) COMMENT 'blind attended queue external, or empty',
    offers           UInt32 COMMENT 'Ringings of agents for it',
    answer_within_ms Int64 COMMENT 'Target in force then: an answer after at most this wait is in time [ms]',
    short_abandon_ms Int64 COMMENT 'Limit in force then: an abandon after at most this wait is a misdial [ms]',
    clock            LowCardinality(String) COMMENT 'Whose clock the times are: source, adapter, estimated',
    revision         Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at         DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, source, leg_id, interaction_id, queue_id, channel, direction, caller_key,
    priority, entered_at, answered_at, left_at, ended_at, outcome, wait_ms, ring_ms, talk_ms,
    hold_ms, wrapup_ms, agent_id, ended_by, transferred_to, transfer_kind, offers,
    answer_within_ms, short_abandon_ms, clock, revision, known_at
FROM pult.leg_facts FINAL
WHERE NOT voided
COMMENT 'Visits to queues, and direct or outbound calls (queue_id empty): newest revision';

-- A contact is the sum of its legs. Its columns are aggregates, so a condition on tenant, domain
-- or interaction_id is pushed down and one on started_at is not.
CREATE VIEW IF NOT EXISTS pult.interactions
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    interaction_id String COMMENT 'Id of the customer contact',
    channel        LowCardinality(String) COMMENT 'Channel of its first leg',
    direction      LowCardinality(String) COMMENT 'Direction of its first leg',
    started_at     DateTime64(3, 'UTC') COMMENT 'Its first leg began',
    ended_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'Its last leg ended; NULL while one is open',
    legs           UInt64 COMMENT 'Visits to queues, and direct or outbound calls',
    queue_hops     UInt64 COMMENT 'Visits to queues after the first',
    transfers      UInt64 COMMENT 'Legs that an agent passed on',
    agents         UInt64 COMMENT 'Different agents who answered',
    first_queue_id LowCardinality(String) COMMENT 'Queue of its first visit, or empty',
    last_outcome   LowCardinality(String) COMMENT 'Outcome of its last leg'
)
AS SELECT
    tenant,
    domain,
    interaction_id,
    argMin(leg.channel, leg.place) AS channel,
    argMin(leg.direction, leg.place) AS direction,
    min(leg.entered_at) AS started_at,
    if(countIf(leg.over_at IS NULL) = 0, max(leg.over_at), NULL) AS ended_at,
    count() AS legs,
    greatest(countIf(leg.queue_id != ''), 1) - 1 AS queue_hops,
    countIf(leg.transfer_kind != '') AS transfers,
    uniqExactIf(leg.agent_id, leg.agent_id != '') AS agents,
    argMinIf(leg.queue_id, leg.place, leg.queue_id != '') AS first_queue_id,
    argMax(leg.outcome, leg.place) AS last_outcome
FROM
(
    SELECT
        tenant, domain, interaction_id, channel, direction, entered_at, queue_id,
        transfer_kind, agent_id, outcome,
        -- A leg that nobody answered has no end of its own: it is over when the wait is.
        if(outcome = 'answered', ended_at, coalesce(ended_at, left_at)) AS over_at,
        (entered_at, leg_id) AS place
    FROM pult.legs
) AS leg
GROUP BY tenant, domain, interaction_id
COMMENT 'Customer contacts: one row per interaction, over all its legs';
