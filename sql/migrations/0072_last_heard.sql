-- Until when each domain was heard: there ends, in reports, what still lasts.
--
-- Kept as events come, for no sorting key tells it: the newest event of a domain that is long
-- silent would be looked for in all that others said since. What counts is as in clock_events,
-- from which the first row is made; an event that comes again changes nothing.
CREATE TABLE IF NOT EXISTS pult.heard_facts
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    heard_until SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'When a PBX was heard last'
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, domain)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'When PBXs were heard last; read last_heard';

CREATE MATERIALIZED VIEW IF NOT EXISTS pult.heard_facts_feed TO pult.heard_facts
AS SELECT tenant, domain, max(occurred_at) AS heard_until
FROM pult.events
WHERE NOT match(toString(type), '^cc[.](card|case|disposition|survey|schedule|violation)[.]')
    AND NOT (feed = 'webhook' AND startsWith(toString(type), 'cc.interaction.'))
    AND occurred_at <= recorded_at + INTERVAL 2 MINUTE
GROUP BY tenant, domain
COMMENT 'Copies the newest instants into heard_facts';

INSERT INTO pult.heard_facts
SELECT tenant, domain, max(occurred_at)
FROM pult.clock_events
GROUP BY tenant, domain;

CREATE VIEW IF NOT EXISTS pult.last_heard
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    heard_until DateTime64(3, 'UTC') COMMENT 'When a PBX was heard last'
)
AS SELECT tenant, domain, max(heard_until) AS heard_until
FROM pult.heard_facts
GROUP BY tenant, domain
COMMENT 'Until when each domain was heard: there ends what still lasts';
