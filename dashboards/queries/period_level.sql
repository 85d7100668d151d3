-- Service level by day, week or month of the local calendar.
SELECT
    toDateTime(toStartOfInterval(entered_at, INTERVAL 1 ${grain}, '${zone}'), '${zone}') AS time,
    countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)
        / countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
            OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms))) AS service_level
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isFinite(service_level)
ORDER BY time
