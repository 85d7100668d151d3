-- Queue calls answered by hour, beside the mean of the same hours one, two, three and four weeks before,
-- as far as anything is known of that time.
WITH
    (
        SELECT minOrNull(entered_at)
        FROM legs
        WHERE entered_at >= $__fromTime - INTERVAL 30 DAY AND entered_at <= $__toTime
            AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    ) AS first_at
SELECT hour AS time, countIf(weeks = 0) AS answered,
    countIf(weeks > 0) / nullIf(arrayCount(w -> hour - toIntervalHour(168 * w) >= toStartOfHour(assumeNotNull(first_at)), [1, 2, 3, 4]), 0) AS usual
FROM
(
    SELECT weeks, toStartOfInterval(toDateTime(assumeNotNull(answered_at)), INTERVAL 1 hour) + toIntervalHour(168 * weeks) AS hour
    FROM legs
    ARRAY JOIN [0, 1, 2, 3, 4] AS weeks
    -- By the arrival besides, for that has an index: nobody waits for a day.
    WHERE entered_at >= $__fromTime - INTERVAL 30 DAY AND entered_at <= $__toTime
        AND answered_at >= $__fromTime - INTERVAL 29 DAY AND answered_at <= $__toTime AND queue_id != ''
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND agent_id = ${agent:sqlstring}
)
WHERE hour >= toStartOfInterval($__fromTime, INTERVAL 1 hour) AND hour <= $__toTime
GROUP BY hour
ORDER BY hour
