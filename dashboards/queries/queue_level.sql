-- Service level of each queue by quarter of an hour; a quarter without a counted call has no row.
SELECT
    toDateTime(started_at) AS time,
    queue_id,
    sum(answered_in_time) / nullIf(sum(counted), 0) AS service_level
FROM queue_report({shown}, zone = 'UTC', step = '15 minutes')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time, queue_id
HAVING isNotNull(service_level)
ORDER BY time, queue_id
