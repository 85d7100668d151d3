-- Who violates rules most often: how often, and for how long altogether.
SELECT agent_id, team, count() AS violations, countIf(severity = 'critical') AS critical,
    sum(duration_ms) AS duration_ms
FROM violations
WHERE $__timeFilter(fired_at) AND agent_id != '' AND state NOT IN ('pending', 'voided', 'excused')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(team IN (${team:singlequote}), $team)
    AND $__conditionalAll(code IN (${code:singlequote}), $code)
GROUP BY agent_id, team
ORDER BY violations DESC, agent_id
LIMIT 10
