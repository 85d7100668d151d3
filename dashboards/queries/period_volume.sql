-- Visits by day, week or month of the local calendar, with those answered.
SELECT
    toDateTime(toStartOfInterval(entered_at, INTERVAL 1 ${grain}, '${zone}'), '${zone}') AS time,
    count() AS offered,
    countIf(outcome = 'answered') AS answered,
    countIf(outcome = 'abandoned') AS abandoned
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
