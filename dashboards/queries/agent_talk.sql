-- Mean talk of those that are over, hold included [s].
SELECT avgOrNull(talk_ms + coalesce(hold_ms, 0)) / 1000 AS value
FROM legs
WHERE $__timeFilter(answered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
HAVING isNotNull(value)
