-- The hours of the week of a time zone: a row for each day of the week, a column for each hour.
SELECT
    toDayOfWeek(toDateTime(started_at, ${zone:sqlstring})) AS weekday,
    {hours}
FROM
(
    SELECT *, toHour(toDateTime(started_at, ${zone:sqlstring})) AS hour
    FROM queue_report({shown}, zone = ${zone:sqlstring}, step = '1 hour')
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
        AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
)
GROUP BY weekday
ORDER BY weekday
