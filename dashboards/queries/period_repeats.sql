-- Contacts whose caller had been answered within the week before, and those after which he did not come again.
SELECT
    toDateTime(started_at, ${zone:sqlstring}) AS time,
    sum(n.repeats) / sum(n.contacts) AS repeat_ratio,
    sum(n.resolved) / nullIf(sum(n.settled), 0) AS resolved_ratio
FROM repeats_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring}, days = '7') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
