-- Who was answered and came again: repeats, and contacts that were the last of their caller.
--
-- FROM repeats_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'week', days = '7')
--
-- A contact counts that came to a queue, that an agent answered, and whose caller is known; it
-- belongs to its first queue and to the step in which it began. Who gave up and calls again is no
-- repeat. It is a repeat where the caller's contact before it that was answered began at most
-- days * 24 hours earlier, in any queue or site of the tenant. It is settled once a call that came
-- days * 24 hours later or after is known of its domain, and resolved if its caller had not come
-- again by then, whether or not he was answered.
-- Replaces the view of 0080, which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.repeats_report
AS WITH
    throwIf(NOT ifNull(toUInt32OrNull({days:String}) BETWEEN 1 AND 92, false),
        'days is a whole number from 1 to 92, such as ''7''') AS refused,
    toInt64(toUInt32OrZero({days:String})) * 86400000 AS apart_ms,
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    contacts AS
    (
        SELECT
            toString(tenant) AS tenant, toString(domain) AS domain, source, interaction_id,
            argMin(toString(queue_id), (entered_at, leg_id)) AS first_queue,
            argMin(caller_key, (entered_at, leg_id)) AS caller,
            min(toUnixTimestamp64Milli(entered_at)) AS began_ms,
            countIf(outcome = 'answered') > 0 AS served
        FROM pult.leg_facts FINAL
        WHERE NOT voided AND queue_id != '' AND direction = 'in' AND caller_key != '' AND refused = 0
            AND first_second >= stretch.1 - toIntervalDay(toUInt32OrZero({days:String}) + 1)
            AND first_second < stretch.2 + toIntervalDay(toUInt32OrZero({days:String}) + 1)
        GROUP BY tenant, domain, source, interaction_id
    ),
    known AS
    (
        SELECT toString(tenant) AS tenant, toString(domain) AS domain,
            max(toUnixTimestamp64Milli(entered_at)) AS heard_ms
        FROM pult.leg_facts FINAL
        WHERE NOT voided AND first_second >= stretch.1 - INTERVAL 1 DAY
        GROUP BY tenant, domain
    ),
    beside AS
    (
        SELECT
            *, 1 AS one, fromUnixTimestamp64Milli(began_ms, 'UTC') AS began_at,
            maxOrNullIf(began_ms, served) OVER (PARTITION BY tenant, caller ORDER BY began_ms, domain, source, interaction_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ms,
            leadInFrame(toNullable(began_ms)) OVER (PARTITION BY tenant, caller ORDER BY began_ms, domain, source, interaction_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS after_ms
        FROM contacts
    )
SELECT
    b.tenant AS tenant, b.domain AS domain, b.first_queue AS queue_id,
    c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
    count() AS contacts,
    countIf(ifNull(b.began_ms - b.before_ms <= apart_ms, false)) AS repeats,
    repeats / contacts AS repeat_ratio,
    countIf(k.heard_ms - b.began_ms >= apart_ms) AS settled,
    countIf(k.heard_ms - b.began_ms >= apart_ms
        AND NOT ifNull(b.after_ms - b.began_ms <= apart_ms, false)) AS resolved,
    resolved / nullIf(settled, 0) AS resolved_ratio
FROM (SELECT * FROM beside WHERE served AND began_at >= stretch.1) AS b
ASOF JOIN
(
    SELECT 1 AS one, started_at, ended_at, local
    FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
) AS c ON b.one = c.one AND b.began_at >= c.started_at
INNER JOIN known AS k ON b.tenant = k.tenant AND b.domain = k.domain
WHERE b.began_at < stretch.2
GROUP BY tenant, domain, queue_id, started_at, ended_at, local
COMMENT 'Who was answered and came again: FROM repeats_report(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''week'', days = ''7'')';
