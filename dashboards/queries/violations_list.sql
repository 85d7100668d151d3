-- Violations, newest first.
SELECT fired_at, agent_id, code, severity, state, team, queue_id, duration_ms
FROM violations
WHERE $__timeFilter(fired_at) AND state NOT IN ('pending', 'voided')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(team IN (${team:singlequote}), $team)
    AND $__conditionalAll(code IN (${code:singlequote}), $code)
ORDER BY fired_at DESC, episode_id
LIMIT 200
