-- Occupancy by day, week or month of the local calendar, over everybody.
SELECT toDateTime(started_at, ${zone:sqlstring}) AS time, {figure} AS occupancy
FROM agent_report({shown}, zone = ${zone:sqlstring}, step = ${grain:sqlstring})
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
HAVING isNotNull(occupancy)
ORDER BY time
