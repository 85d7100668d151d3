-- One figure of the shown time and of the time before it, equally long: two rows, the present last.
SELECT time, value
FROM
(
    SELECT $__fromTime AS time, {figure} AS value
    FROM {report}({before}, zone = 'UTC', step = 'all')
    WHERE {chosen}
    HAVING count() > 0
    UNION ALL
    SELECT $__toTime AS time, {figure} AS value
    FROM {report}({shown}, zone = 'UTC', step = 'all')
    WHERE {chosen}
    HAVING count() > 0
)
WHERE isNotNull(value)
ORDER BY time
