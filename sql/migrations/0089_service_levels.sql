-- Service level by every denominator in use, side by side, from raw waits.
--
-- FROM service_levels(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow',
--                     step = 'day', answer_within = '20', short_abandon = '5')
--
-- answer_within (T) and short_abandon (s) are seconds, fractions allowed; empty, they are what was
-- in force for each call when its caller entered. Waits are compared in ms: W <= T, W <= s.
-- Visits belong to the step in which the caller entered; who still waits is counted in offered
-- and waiting alone, and, past T, in service_level. One row per queue and step in which somebody
-- entered.
--
-- sl10_no_abandons is of business hours where only steps within them are added up: no queue has
-- opening hours of its own. sl13_live is what a display of (waiting - waiting over T) / waiting
-- shows on the mean, weighted by who waits: of all waiting the part that was within T. Single
-- moments of it are in wall_samples.
--
-- Replaces the view of 0030, which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.service_levels
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    visits AS
    (
        SELECT
            toString(tenant) AS tenant, toString(domain) AS domain, toString(queue_id) AS queue_id,
            entered_at, 1 AS one, outcome,
            ifNull(wait_ms, 0) AS waited, wait_ms IS NOT NULL AS is_known, ring_ms,
            if({answer_within:String} = '', answer_within_ms,
                ifNull(accurateCastOrNull(round(1000 * toFloat64OrZero({answer_within:String})), 'Int64'), 0)) AS within,
            if({short_abandon:String} = '', short_abandon_ms,
                ifNull(accurateCastOrNull(round(1000 * toFloat64OrZero({short_abandon:String})), 'Int64'), 0)) AS short,
            throwIf(
                ({answer_within:String} != '' AND NOT ifNull(toFloat64OrNull({answer_within:String}) BETWEEN 0 AND 86400, false))
                    OR ({short_abandon:String} != '' AND NOT ifNull(toFloat64OrNull({short_abandon:String}) BETWEEN 0 AND 86400, false)),
                'answer_within and short_abandon are seconds from 0 to 86400, such as ''20'', or empty for what was in force') AS refused
        FROM pult.leg_facts FINAL
        WHERE NOT voided AND queue_id != '' AND refused = 0
            AND first_second >= stretch.1 - INTERVAL 1 DAY
            AND first_second < stretch.2 + INTERVAL 1 DAY
            AND entered_at >= stretch.1
            AND entered_at < stretch.2
    ),
    -- What the PBX said last where callers still wait; nothing is read where nobody does.
    heard AS
    (
        SELECT toString(tenant) AS tenant, toString(domain) AS domain, max(occurred_at) AS heard_until
        FROM pult.clock_events
        WHERE occurred_at >=
            (
                SELECT minOrNull(entered_at) FROM pult.leg_facts FINAL
                WHERE NOT voided AND outcome = 'waiting' AND queue_id != ''
                    AND first_second >= stretch.1 - INTERVAL 1 DAY
                    AND first_second < stretch.2 + INTERVAL 1 DAY
            )
        GROUP BY tenant, domain
    ),
    counted AS
    (
        SELECT
            v.tenant AS tenant, v.domain AS domain, v.queue_id AS queue_id,
            c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
            count() AS offered,
            countIf(outcome = 'waiting') AS waiting,
            countIf(outcome = 'answered') AS answered,
            countIf(outcome = 'answered' AND is_known AND waited <= within) AS good,
            countIf(outcome = 'answered' AND is_known AND waited < within) AS good_strict,
            countIf(outcome = 'answered' AND is_known AND waited = within) AS on_the_dot,
            countIf(outcome = 'answered' AND ring_ms <= within) AS good_ring,
            countIf(outcome = 'answered' AND ring_ms IS NOT NULL) AS rung,
            countIf(outcome = 'abandoned') AS abandoned,
            countIf(outcome = 'abandoned' AND is_known AND waited <= within) AS abandoned_within,
            countIf(outcome = 'abandoned' AND is_known AND waited <= short) AS short_abandoned,
            countIf(outcome IN ('timeout', 'key', 'empty', 'full', 'withdrawn', 'transferred', 'system')) AS flowed_out,
            countIf(outcome = 'key') AS left_by_key,
            countIf(outcome = 'timeout') AS timed_out,
            countIf(outcome = 'timeout' AND is_known AND waited <= within) AS timed_out_within,
            sumIf(waited, is_known) AS waited_ms,
            sumIf(least(waited, within), is_known) AS waited_within_ms,
            countIf(outcome IN ('transferred', 'withdrawn')) AS dequeued,
            countIf(outcome = 'transferred') AS interflowed,
            countIf(outcome = 'callback' AND is_known AND waited <= within) AS callbacks_within,
            countIf(outcome NOT IN ('waiting', 'full')) AS queued,
            countIf(if(outcome = 'waiting', dateDiff('millisecond', entered_at, heard_until) >= within,
                waited > within OR outcome = 'answered' OR (outcome = 'abandoned' AND waited > short))) AS judged
        FROM (SELECT * FROM visits LEFT JOIN heard USING (tenant, domain)) AS v
        ASOF JOIN
        (
            SELECT 1 AS one, started_at, ended_at, local
            FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
        ) AS c ON v.one = c.one AND v.entered_at >= c.started_at
        GROUP BY tenant, domain, queue_id, started_at, ended_at, local
    )
SELECT
    tenant, domain, queue_id, started_at, ended_at, local,
    offered, waiting, offered - waiting AS finished, answered, good AS answered_within, abandoned,
    abandoned_within, short_abandoned, flowed_out, dequeued, interflowed, callbacks_within, queued,
    timed_out, timed_out_within, waited_ms, waited_within_ms,
    good / nullIf(judged, 0) AS service_level,
    good / nullIf(answered + abandoned, 0) AS sl1_negative,
    good / nullIf(finished - abandoned_within, 0) AS sl2_ignore,
    (good + abandoned_within) / nullIf(finished, 0) AS sl3_positive,
    good / nullIf(answered, 0) AS sl4_handled,
    (good + abandoned_within + callbacks_within) / nullIf(queued, 0) AS sl5_removed,
    good / nullIf(answered + abandoned - short_abandoned, 0) AS sl6_minus_short,
    good / nullIf(answered + abandoned + flowed_out, 0) AS sl7_flow_outs,
    good / nullIf(answered + abandoned + flowed_out - short_abandoned, 0) AS sl7_flow_outs_minus_short,
    good / nullIf(answered + flowed_out, 0) AS sl7_flow_outs_no_abandons,
    good / nullIf(answered + abandoned + left_by_key, 0) AS sl8_breakouts,
    good_strict / nullIf(answered - on_the_dot + abandoned - abandoned_within, 0) AS sl9_strict,
    (good + timed_out_within) / nullIf(answered + timed_out, 0) AS sl10_no_abandons,
    good / nullIf(offered, 0) AS sl11_received,
    good / nullIf(finished - dequeued, 0) AS sl12_negative,
    good / nullIf(finished - dequeued - abandoned_within, 0) AS sl12_ignore,
    (good + abandoned_within) / nullIf(finished - dequeued, 0) AS sl12_positive,
    waited_within_ms / nullIf(waited_ms, 0) AS sl13_live,
    good / nullIf(answered + abandoned - short_abandoned + interflowed, 0) AS sl14_interflow,
    good_ring / nullIf(rung, 0) AS sl15_agent
FROM counted
COMMENT 'Service level by every denominator: FROM service_levels(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''day'', answer_within = ''20'', short_abandon = ''5'')';
