-- Queue calls that the agent answered.
SELECT count() AS value
FROM legs
WHERE $__timeFilter(answered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
