-- When PBXs were heard: what moves the clock of a domain, as in the fold. A CRM has no clock, nor
-- has a person's decision or a plan; what is dated more than two minutes after its receipt has a
-- wrong one, and was rejected. Reports let what still lasts end at the newest of these.
CREATE VIEW IF NOT EXISTS pult.clock_events
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source      LowCardinality(String) COMMENT 'PBX that was heard',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened'
)
AS SELECT tenant, domain, source, occurred_at
FROM pult.events
WHERE NOT match(toString(type), '^cc[.](card|case|disposition|survey|schedule|violation)[.]')
    AND NOT (feed = 'webhook' AND startsWith(toString(type), 'cc.interaction.'))
    AND occurred_at <= recorded_at + INTERVAL 2 MINUTE
COMMENT 'When PBXs were heard: what moves a domain''s clock';
