-- Adherence to the plan, over the shifts that begin within the shown time.
SELECT sum(in_ms) / nullIf(sum(in_ms) + sum(out_ms), 0) AS value
FROM adherence({shown})
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
HAVING isNotNull(value)
