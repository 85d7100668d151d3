-- The queues, the worst service level first; without a counted call there is none.
SELECT
    queue_id,
    count() AS offered,
    countIf(outcome = 'answered') AS answered,
    countIf(outcome = 'abandoned') AS abandoned,
    countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)
        / nullIf(countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
            OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms))), 0) AS service_level,
    avgOrNullIf(wait_ms, outcome = 'answered') AS wait_ms_mean,
    avgOrNullIf(talk_ms, outcome = 'answered') AS talk_ms_mean
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY queue_id
ORDER BY service_level, queue_id
