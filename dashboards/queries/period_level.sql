-- Service level by day, week or month of the local calendar.
SELECT
    toDateTime(started_at, ${zone:sqlstring}) AS time,
    sum(answered_in_time) / nullIf(sum(counted), 0) AS service_level
FROM queue_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring})
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isNotNull(service_level)
ORDER BY time
