-- What queues did, step by step. Replaces the view of 0015, which counted who waits past the target
-- only when he had left; the present counts him at the moment at which the target passes.
--
-- FROM queue_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'day')
--
-- Parameters as of steps. One row per queue and step, from the first step in which the domain
-- had a visit to the last; a step without visits has counts of 0 and no ratios. Counts, waits and
-- handling times belong to the step in which the caller entered (arrival), whatever the hour of
-- the answer; busy_ms alone is cut at the steps in which the time was spent. A conversation that
-- is still open lasts to the newest thing known of the domain's visits.
--
-- Each visit is looked at once: its entry, and the two ends of its handling, each find their step
-- by a binary search. What an end leaves behind is carried along the steps as a running sum, so
-- a year of a busy queue is no product of visits and steps.
CREATE OR REPLACE VIEW pult.queue_report
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    ),
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    visits AS
    (
        SELECT
            toString(tenant) AS tenant, toString(domain) AS domain, toString(queue_id) AS queue_id,
            outcome, transfer_kind, ended_by, offers,
            wait_ms, talk_ms, hold_ms, wrapup_ms, answer_within_ms, short_abandon_ms,
            entered_at, answered_at,
            -- greatest() passes over a NULL: one that has not ended would have ended at its answer.
            if(ended_at IS NULL OR answered_at IS NULL, NULL, greatest(ended_at, answered_at)
                + toIntervalMillisecond(ifNull(wrapup_ms, 0))) AS done_at
        FROM pult.leg_facts FINAL
        WHERE NOT voided AND queue_id != ''
            AND first_second >= (SELECT since_at - INTERVAL 2 DAY FROM stretch)
            AND first_second < (SELECT until_at + INTERVAL 1 DAY FROM stretch)
            AND entered_at < (SELECT until_at FROM stretch)
            AND (entered_at >= (SELECT since_at FROM stretch)
                OR (answered_at IS NOT NULL AND ifNull(done_at > (SELECT since_at FROM stretch), true)))
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
                    AND first_second >= (SELECT since_at - INTERVAL 1 DAY FROM stretch)
                    AND first_second < (SELECT until_at + INTERVAL 1 DAY FROM stretch)
            )
        GROUP BY tenant, domain
    ),
    reaches AS
    (
        SELECT
            tenant, domain,
            arraySort(groupUniqArray(queue_id)) AS queues,
            greatest(min(entered_at), (SELECT since_at FROM stretch)) AS first_at,
            greatest(max(entered_at), ifNull(max(done_at), max(entered_at)),
                (SELECT since_at FROM stretch)) AS last_at
        FROM visits
        GROUP BY tenant, domain
    ),
    -- What happened, each with its instant: an entry, or one end of a handling, which changes
    -- how many are busy.
    happenings AS
    (
        WITH arrayJoin([
            (v.entered_at, true, 0),
            (assumeNotNull(greatest(v.answered_at, (SELECT since_at FROM stretch))), false, 1),
            (assumeNotNull(greatest(ifNull(v.done_at, r.last_at), (SELECT since_at FROM stretch))), false, -1)
            ]) AS each
        SELECT
            v.*, outcome = 'waiting'
                AND dateDiff('millisecond', entered_at, r.heard_until) >= answer_within_ms AS is_late,
            each.1 AS at, each.2 AS entered, each.3 AS change, 1 AS one
        FROM visits AS v
        INNER JOIN
        (
            SELECT * FROM reaches LEFT JOIN heard USING (tenant, domain)
        ) AS r ON v.tenant = r.tenant AND v.domain = r.domain
        WHERE at >= (SELECT since_at FROM stretch) AND at < (SELECT until_at FROM stretch)
            AND (entered OR v.answered_at IS NOT NULL)
    ),
    counted AS
    (
        SELECT
            h.tenant AS tenant, h.domain AS domain, h.queue_id AS queue_id, c.started_at AS started_at,
            countIf(entered) AS offered,
            countIf(entered AND outcome = 'answered') AS answered,
            countIf(entered AND outcome = 'answered' AND wait_ms <= answer_within_ms) AS answered_in_time,
            countIf(entered AND outcome = 'abandoned') AS abandoned,
            countIf(entered AND outcome = 'abandoned' AND wait_ms <= short_abandon_ms) AS short_abandoned,
            countIf(entered AND outcome = 'timeout') AS timed_out,
            countIf(entered AND outcome = 'key') AS left_by_key,
            countIf(entered AND outcome = 'empty') AS found_empty,
            countIf(entered AND outcome = 'full') AS found_full,
            countIf(entered AND outcome = 'withdrawn') AS withdrawn,
            countIf(entered AND outcome = 'transferred') AS moved_on,
            countIf(entered AND outcome = 'callback') AS callbacks,
            countIf(entered AND outcome = 'system') AS failed,
            countIf(entered AND outcome = 'waiting') AS waiting,
            countIf(entered AND (is_late OR (outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
                OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms))))) AS counted,
            sumIf(wait_ms, entered AND outcome = 'answered') AS answer_ms,
            sumIf(wait_ms, entered AND outcome = 'abandoned') AS abandon_ms,
            quantilesExactIf(0.5, 0.8, 0.95)(wait_ms, entered AND outcome != 'waiting' AND wait_ms IS NOT NULL) AS waits,
            maxOrNullIf(wait_ms, entered) AS longest_wait_ms,
            sumIf(h.talk_ms, entered) AS talk_sum,
            sumIf(h.hold_ms, entered) AS hold_sum,
            sumIf(h.wrapup_ms, entered) AS wrapup_sum,
            countIf(entered AND talk_ms IS NOT NULL AND outcome = 'answered') AS handled,
            countIf(entered AND transfer_kind != '') AS passed_on,
            countIf(entered AND outcome = 'answered' AND ended_by = 'agent' AND transfer_kind = '') AS ended_by_agent,
            sumIf(h.offers, entered) AS offers_sum,
            sum(h.change) AS change_sum,
            sum(h.change * dateDiff('millisecond', c.started_at, h.at)) AS moment_ms
        FROM happenings AS h
        ASOF JOIN cuts AS c ON h.one = c.one AND h.at >= c.started_at
        GROUP BY tenant, domain, queue_id, started_at
    ),
    grid AS
    (
        SELECT
            r.tenant AS tenant, r.domain AS domain, arrayJoin(r.queues) AS queue_id,
            c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local
        FROM reaches AS r
        CROSS JOIN cuts AS c
        WHERE c.ended_at > r.first_at AND c.started_at <= r.last_at
    )
SELECT
    g.tenant AS tenant, g.domain AS domain, g.queue_id AS queue_id,
    g.started_at AS started_at, g.ended_at AS ended_at, g.local AS local,
    n.offered AS offered,
    n.answered AS answered, n.answered_in_time AS answered_in_time,
    n.abandoned AS abandoned, n.short_abandoned AS short_abandoned,
    n.timed_out AS timed_out, n.left_by_key AS left_by_key, n.found_empty AS found_empty,
    n.found_full AS found_full, n.withdrawn AS withdrawn, n.moved_on AS moved_on,
    n.callbacks AS callbacks, n.failed AS failed, n.waiting AS waiting,
    n.counted AS counted,
    n.answered_in_time / nullIf(n.counted, 0) AS service_level,
    (n.abandoned - n.short_abandoned) / nullIf(n.answered + n.abandoned - n.short_abandoned, 0) AS abandon_ratio,
    ifNull(n.answer_ms, 0) AS answer_ms,
    n.answer_ms / nullIf(n.answered, 0) AS answer_ms_mean,
    ifNull(n.abandon_ms, 0) AS abandon_ms,
    n.abandon_ms / nullIf(n.abandoned, 0) AS abandon_ms_mean,
    if(n.offered = n.waiting, NULL, n.waits[1]) AS wait_ms_p50,
    if(n.offered = n.waiting, NULL, n.waits[2]) AS wait_ms_p80,
    if(n.offered = n.waiting, NULL, n.waits[3]) AS wait_ms_p95,
    n.longest_wait_ms AS longest_wait_ms,
    ifNull(n.talk_sum, 0) AS talk_ms, ifNull(n.hold_sum, 0) AS hold_ms, ifNull(n.wrapup_sum, 0) AS wrapup_ms,
    n.handled AS handled,
    (ifNull(n.talk_sum, 0) + ifNull(n.hold_sum, 0) + ifNull(n.wrapup_sum, 0)) / nullIf(n.handled, 0) AS handle_ms_mean,
    n.passed_on AS passed_on, n.ended_by_agent AS ended_by_agent, n.offers_sum AS offers,
    sum(n.change_sum) OVER so_far * dateDiff('millisecond', g.started_at, g.ended_at) - n.moment_ms AS busy_ms,
    busy_ms / dateDiff('millisecond', g.started_at, g.ended_at) AS carried_erlangs,
    n.offered * handle_ms_mean / dateDiff('millisecond', g.started_at, g.ended_at) AS offered_erlangs
FROM grid AS g
LEFT JOIN counted AS n ON g.tenant = n.tenant AND g.domain = n.domain
    AND g.queue_id = n.queue_id AND g.started_at = n.started_at
WINDOW so_far AS (PARTITION BY g.tenant, g.domain, g.queue_id ORDER BY g.started_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
COMMENT 'Queues step by step: FROM queue_report(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''day'')';
