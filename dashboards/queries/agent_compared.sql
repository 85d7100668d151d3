-- The agent's figures of the shown time, and below them the median of everybody.
SELECT
    ['agent', 'median'][row] AS who,
    {figures}
FROM
(
    SELECT
        agent_id, arrayJoin([1, 2]) AS row,
        sum(n.answered) AS of_answered,
        (sum(n.talk_ms) + sum(n.hold_ms)) / nullIf(sum(n.handled), 0) AS of_talk_ms_mean,
        (sum(n.talk_ms) + sum(n.hold_ms) + sum(n.wrapup_ms)) / nullIf(sum(n.handled), 0) AS of_handle_ms_mean,
        sum(n.missed) + sum(n.rejected) AS of_missed,
        sum(n.break_ms) AS of_break_ms,
        {occupied} AS of_occupancy,
        sum(n.login_ms) AS of_login_ms
    FROM agent_report({shown}, zone = 'UTC', step = 'all') AS n
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY agent_id
)
WHERE of_login_ms > 0
GROUP BY row
ORDER BY row
