-- Half hours of the zone in which a call counted, and those among them that missed the target.
SELECT queue_id, count() AS half_hours, countIf(service_level < {target}) AS half_hours_below,
    half_hours_below / half_hours AS below_ratio, min(service_level) AS worst_level
FROM queue_report({shown}, zone = ${zone:sqlstring}, step = '30 minutes')
WHERE service_level IS NOT NULL
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY queue_id
ORDER BY below_ratio DESC, queue_id
