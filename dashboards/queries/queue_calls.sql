-- The newest hundred visits.
SELECT entered_at, queue_id, agent_id, outcome, wait_ms, talk_ms, interaction_id
FROM legs
WHERE $__timeFilter(entered_at) AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
ORDER BY entered_at DESC, leg_id
LIMIT 100
