-- Breaks of the agent by reason, the longest altogether first; the time logged in is that of all sites, breaks or none.
WITH
    (
        SELECT sum(login_ms)
        FROM agent_report({shown}, zone = 'UTC', step = 'all')
        WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
    ) AS logged_in_ms
SELECT reason, sum(n.breaks) AS breaks, sum(n.break_ms) AS break_ms,
    max(n.longest_ms) AS longest_ms, break_ms / nullIf(logged_in_ms, 0) AS login_ratio
FROM breaks_report({shown}, zone = 'UTC', step = 'all') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
GROUP BY reason
ORDER BY break_ms DESC, reason
