-- Why something could not be used: all the reasons that there are by now. The view of 0007 again,
-- for that is where a column of a view has its comment.
ALTER TABLE pult.rejected_facts COMMENT COLUMN reason
    'malformed oversized unreadable no_time future foreign unmapped duplicate';

CREATE OR REPLACE VIEW pult.rejected
(
    tenant      LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain      LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source      LowCardinality(String) COMMENT 'PBX or CRM that told it, e.g. pbx1',
    feed        LowCardinality(String) COMMENT 'Channel the source spoke through',
    reason      LowCardinality(String)
        COMMENT 'malformed oversized unreadable no_time future foreign unmapped duplicate',
    detail      String COMMENT 'What was found, for a person to read',
    bytes       String COMMENT 'What came, whole but for what a mapping hides; need not be text',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was received',
    revision    Int64 COMMENT 'Log position it came from'
)
AS SELECT
    tenant, domain, source, feed, reason, detail, bytes, received_at, revision
FROM pult.rejected_facts FINAL
COMMENT 'What could not be used, whole, and why';
