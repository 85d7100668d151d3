-- One figure of the agent within the shown time.
SELECT {figure} AS value
FROM agent_report({shown}, zone = 'UTC', step = 'all')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
HAVING count() > 0 AND isNotNull(value)
