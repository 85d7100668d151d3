-- What customers answered in a week of the zone, the last answer of each: the satisfied among those asked
-- whether they are, and promoters less detractors; each week whole.
SELECT
    toDateTime(toMonday(toDateTime(answered_at, ${zone:sqlstring})), ${zone:sqlstring}) AS time,
    countIf(kind = 'csat' AND part >= 0.75) / nullIf(countIf(kind = 'csat'), 0) AS positive_ratio,
    (countIf(kind = 'nps' AND part >= 0.9) - countIf(kind = 'nps' AND part <= 0.6)) / nullIf(countIf(kind = 'nps'), 0) AS net_promoters
FROM
(
    SELECT tenant, answered_at, kind, (score - scale_min) / (scale_max - scale_min) AS part
    FROM surveys
    WHERE holds
)
WHERE answered_at >= toDateTime(toMonday(toDateTime($__fromTime, ${zone:sqlstring})), ${zone:sqlstring}) AND answered_at <= $__toTime
    AND kind IN ('csat', 'nps') AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
ORDER BY time
