-- What became of one contact: its visits to queues and its direct calls.
SELECT entered_at, queue_id, agent_id, outcome, wait_ms, talk_ms, hold_ms, wrapup_ms, ended_by, transferred_to
FROM legs
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND interaction_id = ${interaction:sqlstring}
ORDER BY entered_at, leg_id
LIMIT 100
