-- Service level of each queue by quarter of an hour; a quarter without a counted call has no row.
SELECT
    toStartOfInterval(toDateTime(entered_at), INTERVAL 15 minute) AS time,
    queue_id,
    countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)
        / countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
            OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms))) AS service_level
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time, queue_id
HAVING isFinite(service_level)
ORDER BY time, queue_id
