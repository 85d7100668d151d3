-- Ringings that the agent let go by.
SELECT countIf(result IN ('no_answer', 'rejected')) AS value
FROM offers
WHERE $__timeFilter(ended_at)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
