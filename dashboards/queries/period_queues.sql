-- The queues, the worst service level first; without a counted call there is none.
SELECT
    queue_id,
    sum(n.offered) AS offered, sum(n.answered) AS answered, sum(n.abandoned) AS abandoned,
    sum(n.answered_in_time) / nullIf(sum(n.counted), 0) AS service_level,
    sum(n.answer_ms) / nullIf(sum(n.answered), 0) AS wait_ms_mean,
    (sum(n.talk_ms) + sum(n.hold_ms) + sum(n.wrapup_ms)) / nullIf(sum(n.handled), 0) AS handle_ms_mean
FROM queue_report({shown}, zone = 'UTC', step = 'all') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY queue_id
ORDER BY service_level, queue_id
