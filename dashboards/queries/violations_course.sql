-- Violations by the hour in which they fired.
SELECT toStartOfInterval(toDateTime(assumeNotNull(fired_at)), INTERVAL 1 hour) AS time, code, count() AS violations
FROM violations
WHERE $__timeFilter(fired_at) AND state NOT IN ('pending', 'voided', 'excused')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(team IN (${team:singlequote}), $team)
    AND $__conditionalAll(code IN (${code:singlequote}), $code)
GROUP BY time, code
ORDER BY time, code
