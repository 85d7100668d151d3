-- How long answered callers had waited [s]: the middle one, nine of ten, nineteen of twenty.
SELECT
    toStartOfInterval(toDateTime(entered_at), INTERVAL 15 minute) AS time,
    quantileExact(0.5)(wait_ms) / 1000 AS p50,
    quantileExact(0.9)(wait_ms) / 1000 AS p90,
    quantileExact(0.95)(wait_ms) / 1000 AS p95
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != '' AND outcome = 'answered'
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
