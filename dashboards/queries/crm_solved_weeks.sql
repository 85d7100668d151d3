-- Of the cases that ended in a week of the zone, those resolved once, by one contact at most; each week whole.
SELECT
    toDateTime(toMonday(toDateTime(assumeNotNull(resolved_at), ${zone:sqlstring})), ${zone:sqlstring}) AS time,
    countIf(resolved_at_first) / count() AS solved_at_once
FROM cases
WHERE resolved_at >= toDateTime(toMonday(toDateTime($__fromTime, ${zone:sqlstring})), ${zone:sqlstring}) AND resolved_at <= $__toTime
    AND NOT is_open AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
ORDER BY time
