-- Answers of customers by kind and agent.
SELECT kind, agent_id, answers, positive_ratio, net_promoters, response_ratio
FROM satisfaction({shown}, zone = 'UTC')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY kind, answers DESC, agent_id
LIMIT 100
