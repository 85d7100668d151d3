-- The agent's violations, newest first.
SELECT fired_at, code, severity, state, duration_ms, queue_id
FROM violations
WHERE $__timeFilter(fired_at) AND state NOT IN ('pending', 'voided')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
ORDER BY fired_at DESC, episode_id
LIMIT 100
