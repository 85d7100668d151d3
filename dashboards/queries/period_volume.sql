-- Visits by day, week or month of the local calendar, with those answered; each at its beginning, the
-- first one, too, which is cut: Grafana makes all bars as narrow as the least distance of two.
SELECT
    toDateTime(dateTrunc(${grain:sqlstring}, toDateTime(started_at, ${zone:sqlstring})), ${zone:sqlstring}) AS time,
    sum(n.offered) AS offered, sum(n.answered) AS answered, sum(n.abandoned) AS abandoned
FROM queue_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring}) AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
ORDER BY time
