-- Queue calls answered by quarter of an hour.
SELECT toStartOfInterval(toDateTime(assumeNotNull(answered_at)), INTERVAL 15 minute) AS time, count() AS answered
FROM legs
WHERE $__timeFilter(answered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
GROUP BY time
ORDER BY time
