-- One row for each change of state, the first for what he was in as the shown time begins; a state
-- lasts to the next row.
SELECT time, argMax(state, begun) AS state
FROM
(
    SELECT greatest(started_at, toDateTime64($__fromTime, 3)) AS time, state, started_at AS begun
    FROM state_spells({shown}, zone = 'UTC')
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
    UNION ALL
    -- A log-out, where no state begins.
    SELECT assumeNotNull(logged_out_at) AS time, 'offline' AS state, toDateTime64(0, 3) AS begun
    FROM agent_sessions
    WHERE $__timeFilter(logged_out_at)
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
)
GROUP BY time
ORDER BY time
