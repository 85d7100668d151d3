-- Share of available time spent on calls and after-work, within the shown time.
SELECT sumIf(within, state IN ('talking', 'holding', 'wrapup')) / nullIf(
    sumIf(within, state IN ('talking', 'holding', 'wrapup', 'ready', 'reserved')), 0) AS value
FROM
(
    SELECT state, greatest(0, dateDiff('millisecond',
        greatest(started_at, toDateTime64($__fromTime, 3, 'UTC')),
        least(coalesce(ended_at, toDateTime64($__toTime, 3, 'UTC')), toDateTime64($__toTime, 3, 'UTC')))) AS within
    FROM agent_states
    WHERE started_at <= $__toTime AND coalesce(ended_at, $__toTime) >= $__fromTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
)
HAVING isNotNull(value)
