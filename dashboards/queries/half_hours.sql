-- Half hours of the zone in which a call counted, and those among them that missed the target; of a
-- queue that several sites have, all its calls make one half hour.
SELECT queue_id, count() AS half_hours, countIf(level < {target}) AS half_hours_below,
    half_hours_below / half_hours AS below_ratio, min(level) AS worst_level
FROM
(
    SELECT n.queue_id AS queue_id, sum(n.answered_in_time) / nullIf(sum(n.counted), 0) AS level
    FROM queue_report({shown}, zone = ${zone:sqlstring}, step = '30 minutes') AS n
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
        AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
    GROUP BY queue_id, n.started_at
)
WHERE level IS NOT NULL
GROUP BY queue_id
ORDER BY below_ratio DESC, queue_id
