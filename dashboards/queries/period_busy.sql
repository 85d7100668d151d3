-- Occupancy by day, week or month of the local calendar, over everybody.
SELECT toDateTime(started_at, '${zone}') AS time, {figure} AS occupancy
FROM agent_report({shown}, zone = '${zone}', step = '${grain}')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
HAVING isNotNull(occupancy)
ORDER BY time
