-- Breaks of the agent by reason, the longest altogether first.
SELECT reason, sum(n.breaks) AS breaks, sum(n.break_ms) AS break_ms,
    max(n.longest_ms) AS longest_ms, sum(n.break_ms) / nullIf(max(n.login_ms), 0) AS login_ratio
FROM breaks_report({shown}, zone = 'UTC', step = 'all') AS n
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
GROUP BY reason
ORDER BY break_ms DESC, reason
