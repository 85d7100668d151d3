-- Contacts by day, week or month of the local calendar: the share of each channel. A contact belongs to
-- the channel and the queue of its first visit, and to the instant of that.
SELECT time, channel, contacts / sum(contacts) OVER (PARTITION BY time) AS share
FROM
(
    SELECT
        toDateTime(dateTrunc(${grain:sqlstring}, toDateTime(first_at, ${zone:sqlstring})), ${zone:sqlstring}) AS time,
        first_channel AS channel, count() AS contacts
    FROM
    (
        SELECT
            tenant, min(entered_at) AS first_at,
            argMin(channel, (entered_at, leg_id)) AS first_channel, argMin(queue_id, (entered_at, leg_id)) AS first_queue
        FROM legs
        WHERE queue_id != '' AND entered_at >= $__fromTime - INTERVAL 1 DAY AND entered_at < $__toTime
        GROUP BY tenant, domain, source, interaction_id
    )
    WHERE first_at >= $__fromTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
        AND $__conditionalAll(first_queue IN (${queue:singlequote}), $queue)
    GROUP BY time, channel
)
ORDER BY time, channel
