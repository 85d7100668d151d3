-- Time on breaks within the shown time [s], the present one included.
SELECT sum(greatest(0, dateDiff('second',
    greatest(toDateTime(started_at), $__fromTime),
    least(toDateTime(coalesce(ended_at, $__toTime)), $__toTime)))) AS value
FROM breaks
WHERE started_at <= $__toTime AND coalesce(ended_at, $__toTime) >= $__fromTime
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
