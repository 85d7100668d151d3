-- Everything that sources said of one contact, in order, with the ids of the events.
SELECT occurred_at, type, queue_id, agent_id, source, feed, id
FROM events FINAL
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND interaction_id = ${interaction:sqlstring}
ORDER BY occurred_at, log_partition, log_offset
LIMIT 500
