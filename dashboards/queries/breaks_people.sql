-- Breaks by agent, who spent most of his time on them first; the time logged in is the same in each reason.
SELECT agent_id, sum(n.breaks) AS breaks, sum(n.break_ms) AS break_ms,
    max(n.longest_ms) AS longest_ms, sum(n.break_ms) / nullIf(max(n.login_ms), 0) AS login_ratio
FROM breaks_report({shown}, zone = 'UTC', step = 'all') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY agent_id
ORDER BY login_ratio DESC, agent_id
LIMIT 100
