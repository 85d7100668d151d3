-- Visits to the chosen queues by quarter of an hour of their beginning.
SELECT
    toStartOfInterval(toDateTime(started_at), INTERVAL 15 minute) AS time,
    sum(n.offered) AS offered, sum(n.answered) AS answered, sum(n.abandoned) AS abandoned
FROM queue_report({shown}, zone = 'UTC', step = '15 minutes') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
