-- Customer contacts by the source that told them: two PBXs may call theirs by the same id.
--
-- Asterisk without a systemname counts channels since its start, so two that started together
-- give equal ids day by day. Replaces the view of 0003, where such contacts were one.
CREATE OR REPLACE VIEW pult.interactions
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source         LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
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
    source,
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
        tenant, domain, source, interaction_id, channel, direction, entered_at, queue_id,
        transfer_kind, agent_id, outcome,
        -- A leg that nobody answered has no end of its own: it is over when the wait is.
        if(outcome = 'answered', ended_at, coalesce(ended_at, left_at)) AS over_at,
        (entered_at, leg_id) AS place
    FROM pult.legs
) AS leg
GROUP BY tenant, domain, source, interaction_id
COMMENT 'Customer contacts: one row per interaction, over all its legs';
