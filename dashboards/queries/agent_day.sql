-- One row for each change of state; a state lasts to the next row.
SELECT time, argMax(state, precise) AS state
FROM
(
    SELECT started_at AS time, state, 1 AS precise
    FROM agent_states
    WHERE $__timeFilter(started_at)
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
    UNION ALL
    SELECT assumeNotNull(logged_out_at) AS time, 'offline' AS state, 0 AS precise
    FROM agent_sessions
    WHERE $__timeFilter(logged_out_at)
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
)
GROUP BY time
ORDER BY time
