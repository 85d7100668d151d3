-- Service level by day, week or month of the local calendar.
SELECT
    toDateTime(started_at, '${zone}') AS time,
    sum(answered_in_time) / nullIf(sum(counted), 0) AS service_level
FROM queue_report({shown}, zone = '${zone}', step = '${grain}')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isNotNull(service_level)
ORDER BY time
