-- Answered calls that an agent passed on, and the part of their talk on hold, by day, week or month.
SELECT
    toDateTime(started_at, ${zone:sqlstring}) AS time,
    sum(n.passed_on) / nullIf(sum(n.answered), 0) AS passed_on_ratio,
    sum(n.hold_ms) / nullIf(sum(n.talk_ms) + sum(n.hold_ms), 0) AS hold_ratio
FROM queue_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring}) AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isNotNull(passed_on_ratio)
ORDER BY time
