-- Violations by the week of the zone in which they fired, each week whole.
SELECT
    toDateTime(toMonday(toDateTime(assumeNotNull(fired_at), ${zone:sqlstring})), ${zone:sqlstring}) AS time,
    code, count() AS violations
FROM violations
WHERE fired_at >= toDateTime(toMonday(toDateTime($__fromTime, ${zone:sqlstring})), ${zone:sqlstring}) AND fired_at <= $__toTime
    AND state NOT IN ('pending', 'voided', 'excused')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(team IN (${team:singlequote}), $team)
    AND $__conditionalAll(code IN (${code:singlequote}), $code)
GROUP BY time, code
ORDER BY time, code
