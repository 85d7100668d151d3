-- Mean wait of answered calls, and mean handling [s], by day, week or month of the local calendar.
SELECT
    toDateTime(started_at, ${zone:sqlstring}) AS time,
    sum(n.answer_ms) / nullIf(sum(n.answered), 0) / 1000 AS answer_mean,
    (sum(n.talk_ms) + sum(n.hold_ms) + sum(n.wrapup_ms)) / nullIf(sum(n.handled), 0) / 1000 AS handle_mean
FROM queue_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring}) AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isNotNull(answer_mean)
ORDER BY time
