-- Visits by day, week or month of the local calendar, and those of the time before, equally long: its
-- first step stands at the first one shown, the second at the second. A step of which nothing is known is empty.
WITH toDate(dateTrunc(${grain:sqlstring}, toDateTime($__fromTime, ${zone:sqlstring}))) AS first_day
SELECT
    toDateTime(multiIf(
        ${grain:sqlstring} = 'month', addMonths(first_day, place),
        ${grain:sqlstring} = 'week', addWeeks(first_day, place), addDays(first_day, place)), ${zone:sqlstring}) AS time,
    sumOrNull(present) AS offered, sumOrNull(past) AS before
FROM
(
    SELECT
        dateDiff(${grain:sqlstring}, toDateTime($__fromTime, ${zone:sqlstring}), toDateTime(started_at, ${zone:sqlstring}), ${zone:sqlstring}) AS place,
        offered AS present, NULL AS past, tenant, queue_id
    FROM queue_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring})
    UNION ALL
    SELECT
        dateDiff(${grain:sqlstring}, toDateTime($__fromTime - toIntervalSecond(dateDiff('second', $__fromTime, $__toTime)), ${zone:sqlstring}), toDateTime(started_at, ${zone:sqlstring}), ${zone:sqlstring}) AS place,
        NULL AS present, offered AS past, tenant, queue_id
    FROM queue_report({before}, zone = ${zone:sqlstring}, step = ${grain:sqlstring})
)
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING time <= $__toTime
ORDER BY time
