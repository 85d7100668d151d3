-- Everything about one contact in order: what was concluded, and what the sources said.
SELECT at, kind, what, queue_id, agent_id, detail, id
FROM call_chain(interaction_id = ${interaction:sqlstring})
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY at, kind = 'event', place
LIMIT 500
