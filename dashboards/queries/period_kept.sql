-- Adherence by the day on which shifts begin, each at its first instant in the zone.
SELECT toTimeZone(toDateTime(day, ${zone:sqlstring}), 'UTC') AS time, sum(in_ms) / nullIf(sum(in_ms) + sum(out_ms), 0) AS adherence
FROM adherence({shown})
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
HAVING isNotNull(adherence)
ORDER BY time
