-- Breaks by agent, who spent most of his time on them first; of one that several sites know, of all of them.
SELECT agent_id, sum(n.breaks) AS breaks, sum(n.break_ms) AS break_ms,
    max(n.longest_break_ms) AS longest_ms, sum(n.break_ms) / nullIf(sum(n.login_ms), 0) AS login_ratio
FROM agent_report({shown}, zone = 'UTC', step = 'all') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY agent_id
HAVING breaks > 0 OR break_ms > 0
ORDER BY login_ratio DESC, agent_id
LIMIT 100
