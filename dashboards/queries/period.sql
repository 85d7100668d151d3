-- One figure of the shown time and of the time before it, equally long: two rows, the present last.
SELECT if(toDateTime(entered_at) < $__fromTime, $__fromTime, $__toTime) AS time, {figure} AS value
FROM legs
WHERE entered_at >= $__fromTime - toIntervalSecond(dateDiff('second', $__fromTime, $__toTime))
    AND entered_at <= $__toTime AND queue_id != ''
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
GROUP BY time
HAVING isNotNull(value)
ORDER BY time
