-- Who violates rules most often: how often, and for how long altogether; an open violation lasts until
-- a PBX was heard last.
SELECT agent_id, team, count() AS violations, countIf(severity = 'critical') AS critical,
    sum(ifNull(v.duration_ms, greatest(0, dateDiff('millisecond', assumeNotNull(v.fired_at), h.heard_until)))) AS duration_ms
FROM violations AS v
LEFT JOIN last_heard AS h ON v.tenant = h.tenant AND v.domain = h.domain
WHERE $__timeFilter(fired_at) AND agent_id != '' AND state NOT IN ('pending', 'voided', 'excused')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(team IN (${team:singlequote}), $team)
    AND $__conditionalAll(code IN (${code:singlequote}), $code)
GROUP BY agent_id, team
ORDER BY violations DESC, agent_id
LIMIT 10
