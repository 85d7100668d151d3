-- Under which id a contact lives on that was merged into others, at any depth.
--
-- Of an id that was merged into several the one counts that was merged no further; path keeps
-- contacts that name each other from going round for ever.
CREATE OR REPLACE VIEW pult.merged_contacts
(
    tenant         String COMMENT 'Whose contact centre it is',
    domain         String COMMENT 'Unit of order: the tenant, or tenant/site',
    from_id        String COMMENT 'Id of a contact that is gone',
    interaction_id String COMMENT 'Id that it is known by now'
)
AS WITH RECURSIVE
    merges AS
    (
        SELECT toString(tenant) AS whose, toString(domain) AS site, occurred_at,
            JSONExtractString(data, 'from_id') AS gone, JSONExtractString(data, 'into_id') AS into
        FROM pult.events FINAL
        WHERE type = 'cc.interaction.merged.v1'
    ),
    steps AS
    (
        SELECT whose, site, gone, into AS reached, [gone, into] AS path, occurred_at FROM merges
        UNION ALL
        SELECT s.whose, s.site, s.gone, m.into AS reached, arrayPushBack(s.path, m.into) AS path, m.occurred_at
        FROM steps AS s
        INNER JOIN merges AS m ON m.whose = s.whose AND m.site = s.site AND m.gone = s.reached
        WHERE NOT has(s.path, m.into)
    )
SELECT whose AS tenant, site AS domain, gone AS from_id,
    argMax(reached, ((whose, site, reached) NOT IN (SELECT whose, site, gone FROM merges), length(path), occurred_at, reached)) AS interaction_id
FROM steps
GROUP BY whose, site, gone
COMMENT 'Ids of contacts that were merged into others, and which one they live on under';
