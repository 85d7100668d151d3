-- Visits to the chosen queues by quarter of an hour of their beginning.
SELECT
    toStartOfInterval(toDateTime(entered_at), INTERVAL 15 minute) AS time,
    count() AS offered,
    countIf(outcome = 'answered') AS answered,
    countIf(outcome = 'abandoned') AS abandoned
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
