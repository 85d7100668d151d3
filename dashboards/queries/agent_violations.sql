-- The agent's violations, newest first, with the contact of the last call that led to each.
WITH listed AS
(
    SELECT *, JSONExtract(evidence, 'legs', 'Array(String)')[-1] AS leg_id
    FROM violations
    WHERE $__timeFilter(fired_at) AND state NOT IN ('pending', 'voided')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
    ORDER BY fired_at DESC, episode_id
    LIMIT 100
)
SELECT
    v.fired_at AS fired_at, v.code AS code, v.severity AS severity, v.state AS state, v.duration_ms AS duration_ms,
    v.queue_id AS queue_id, c.interaction_id AS interaction_id
FROM listed AS v
LEFT JOIN
(
    SELECT tenant, domain, leg_id, interaction_id
    FROM legs
    WHERE entered_at >= $__fromTime - INTERVAL 1 DAY AND entered_at <= $__toTime AND leg_id IN (SELECT leg_id FROM listed)
) AS c ON v.tenant = c.tenant AND v.domain = c.domain AND v.leg_id = c.leg_id
ORDER BY fired_at DESC, v.episode_id
