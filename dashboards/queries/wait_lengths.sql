-- How long callers waited who were answered, and who gave up: each length holds its upper end.
WITH [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600] AS ends
SELECT
    if(place = 0, '> 600', concat(toString(if(place = 1, 0, ends[place - 1])), ' - ', toString(ends[place]))) AS seconds,
    countIf(outcome = 'answered') AS answered, countIf(outcome = 'abandoned') AS abandoned
FROM
(
    SELECT arrayFirstIndex(end -> wait_ms <= 1000 * end, ends) AS place, outcome
    FROM legs
    WHERE $__timeFilter(entered_at) AND queue_id != '' AND wait_ms IS NOT NULL
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
        AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
    UNION ALL
    -- Lengths of which there is none are there all the same.
    SELECT toUInt32(arrayJoin(range(length(ends) + 1))) AS place, '' AS outcome
)
GROUP BY place
ORDER BY place = 0, place
