-- How everybody kept to the plan, the least first.
SELECT agent_id, count() AS shifts, sum(a.in_ms) / nullIf(sum(a.in_ms) + sum(a.out_ms), 0) AS adherence,
    sum(a.out_ms) AS out_ms, sum(a.late_ms) AS late_ms, sum(a.left_early_ms) AS left_early_ms
FROM adherence({shown}) AS a
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY agent_id
ORDER BY adherence, agent_id
LIMIT 100
