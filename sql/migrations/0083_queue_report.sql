-- What queues did, step by step, as in 0029; each visit is read once, and nothing is planned twice.
--
-- FROM queue_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'day')
--
-- Parameters as of steps. One row per queue and step, from the first step in which the domain
-- had a visit to the last; a step without visits has counts of 0 and no ratios. Counts, waits and
-- handling times belong to the step in which the caller entered (arrival), whatever the hour of
-- the answer; busy_ms alone is cut at the steps in which the time was spent. A conversation that
-- is still open lasts until the domain was heard last, within the stretch or after it, or to the
-- newest thing known of its visits, an answer, too.
--
-- A visit is three instants at most: its entry, and the two ends of its handling, each of which finds
-- its step by a binary search. All else is done with what is left, one row per queue and step in
-- which something happened: which stretch the domain has (a window, not a second reading), what
-- ends leave behind (a running sum), the empty steps between.
-- Replaces the view of 0073, which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.queue_report
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local, toInt64(row_number() OVER (ORDER BY started_at)) AS n
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    -- change: how many more are busy from then on, of what happened within the stretch.
    happenings AS
    (
        SELECT
            tenant, domain, queue_id, outcome, transfer_kind, ended_by, offers,
            wait_ms, talk_ms, hold_ms, wrapup_ms, answer_within_ms, short_abandon_ms, entered_at, answered_at, done_at,
            each.1 AS at, each.2 = 0 AS entered, if(at < stretch.2, each.2, 0) AS change,
            each.2 = 1 AND done_at IS NULL AS stays_open, 1 AS one
        FROM
        (
            SELECT
                *,
                -- greatest() passes over a NULL: one that has not ended would have ended at its answer.
                if(ended_at IS NULL OR answered_at IS NULL, NULL, greatest(ended_at, answered_at)
                    + toIntervalMillisecond(ifNull(wrapup_ms, 0))) AS done_at
            FROM pult.leg_facts FINAL
            WHERE NOT voided AND queue_id != ''
                AND first_second >= stretch.1 - INTERVAL 2 DAY AND first_second < stretch.2 + INTERVAL 1 DAY
                AND entered_at < stretch.2
                AND (entered_at >= stretch.1 OR (answered_at IS NOT NULL AND ifNull(done_at > stretch.1, true)))
        )
        ARRAY JOIN arrayFilter(each -> if(each.2 = 0, each.1 >= stretch.1, isNotNull(answered_at) AND (each.2 = 1 OR isNotNull(done_at))), [
            (entered_at, 0),
            (greatest(ifNull(answered_at, stretch.1), stretch.1), 1),
            (greatest(ifNull(done_at, stretch.1), stretch.1), -1)
            ]) AS each
    ),
    counted AS
    (
        SELECT
            tenant, domain, queue_id, n,
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
            countIf(entered AND outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
                OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms))) AS judged,
            groupArrayIf(toUnixTimestamp64Milli(entered_at) + answer_within_ms, entered AND outcome = 'waiting') AS late_from_ms,
            sumIf(wait_ms, entered AND outcome = 'answered') AS answer_ms,
            sumIf(wait_ms, entered AND outcome = 'abandoned') AS abandon_ms,
            quantilesExactIf(0.5, 0.8, 0.95)(wait_ms, entered AND outcome != 'waiting' AND wait_ms IS NOT NULL) AS waits,
            maxOrNullIf(wait_ms, entered) AS longest_wait_ms,
            sumIf(talk_ms, entered) AS talk_sum,
            sumIf(hold_ms, entered) AS hold_sum,
            sumIf(wrapup_ms, entered) AS wrapup_sum,
            countIf(entered AND talk_ms IS NOT NULL AND outcome = 'answered') AS handled,
            countIf(entered AND transfer_kind != '') AS passed_on,
            countIf(entered AND outcome = 'answered' AND ended_by = 'agent' AND transfer_kind = '') AS ended_by_agent,
            sumIf(offers, entered) AS offers_sum,
            sum(change) AS change_sum,
            sum(change * dateDiff('millisecond', c.started_at, at)) AS moment_ms,
            countIf(stays_open) AS still_open,
            min(entered_at) AS first_entry, max(entered_at) AS last_entry, max(answered_at) AS last_answer, max(done_at) AS last_done
        FROM happenings AS h
        ASOF JOIN cuts AS c ON h.one = c.one AND h.at >= c.started_at
        GROUP BY tenant, domain, queue_id, n
    ),
    running AS
    (
        SELECT
            *,
            sum(change_sum) OVER so_far AS busy_after,
            row_number() OVER so_far = 1 AS is_first,
            leadInFrame(n, 1, assumeNotNull((SELECT toInt64(count() + 1) FROM cuts))) OVER (of_queue ORDER BY n
                ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_n,
            sum(still_open) OVER of_queue AS never_closed,
            greatest(min(first_entry) OVER of_domain, stretch.1) AS first_at,
            assumeNotNull(greatest(max(last_entry) OVER of_domain, max(last_answer) OVER of_domain,
                max(last_done) OVER of_domain, stretch.1,
                if(max(still_open) OVER of_domain > 0, least(heard_until, stretch.2), stretch.1))) AS last_at
        FROM counted
        LEFT JOIN pult.last_heard USING (tenant, domain)
        WINDOW
            of_domain AS (PARTITION BY tenant, domain),
            of_queue AS (PARTITION BY tenant, domain, queue_id),
            so_far AS (PARTITION BY tenant, domain, queue_id ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    -- The steps in which nothing happened stand beside the step before them, those before the first one beside that.
    filled AS
    (
        WITH arrayJoin(range(if(is_first, 1, n), next_n)) AS m
        SELECT * EXCEPT (n), m, m = n AS own, m < n AS is_before
        FROM running
    )
SELECT
    toString(f.tenant) AS tenant, toString(f.domain) AS domain, f.queue_id::String AS queue_id,
    c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
    if(own, f.offered, 0) AS offered,
    if(own, f.answered, 0) AS answered,
    if(own, f.answered_in_time, 0) AS answered_in_time,
    if(own, f.abandoned, 0) AS abandoned,
    if(own, f.short_abandoned, 0) AS short_abandoned,
    if(own, f.timed_out, 0) AS timed_out,
    if(own, f.left_by_key, 0) AS left_by_key,
    if(own, f.found_empty, 0) AS found_empty,
    if(own, f.found_full, 0) AS found_full,
    if(own, f.withdrawn, 0) AS withdrawn,
    if(own, f.moved_on, 0) AS moved_on,
    if(own, f.callbacks, 0) AS callbacks,
    if(own, f.failed, 0) AS failed,
    if(own, f.waiting, 0) AS waiting,
    if(own, f.judged + arrayCount(ms -> ms <= toUnixTimestamp64Milli(f.heard_until), f.late_from_ms), 0) AS counted,
    answered_in_time / nullIf(counted, 0) AS service_level,
    (abandoned - short_abandoned) / nullIf(answered + abandoned - short_abandoned, 0) AS abandon_ratio,
    if(own, ifNull(f.answer_ms, 0), 0) AS answer_ms,
    if(own, f.answer_ms, NULL) / nullIf(answered, 0) AS answer_ms_mean,
    if(own, ifNull(f.abandon_ms, 0), 0) AS abandon_ms,
    if(own, f.abandon_ms, NULL) / nullIf(abandoned, 0) AS abandon_ms_mean,
    if(offered = waiting, NULL, f.waits[1]) AS wait_ms_p50,
    if(offered = waiting, NULL, f.waits[2]) AS wait_ms_p80,
    if(offered = waiting, NULL, f.waits[3]) AS wait_ms_p95,
    if(own, f.longest_wait_ms, NULL) AS longest_wait_ms,
    if(own, ifNull(f.talk_sum, 0), 0) AS talk_ms, if(own, ifNull(f.hold_sum, 0), 0) AS hold_ms, if(own, ifNull(f.wrapup_sum, 0), 0) AS wrapup_ms,
    if(own, f.handled, 0) AS handled,
    (talk_ms + hold_ms + wrapup_ms) / nullIf(handled, 0) AS handle_ms_mean,
    if(own, f.passed_on, 0) AS passed_on, if(own, f.ended_by_agent, 0) AS ended_by_agent, if(own, f.offers_sum, 0) AS offers,
    -- What is open still ends at last_at, which is in the last of these steps.
    if(f.is_before, 0, f.busy_after) * dateDiff('millisecond', c.started_at, c.ended_at) - if(own, f.moment_ms, 0)
        - if(f.last_at < c.ended_at, toInt64(f.never_closed) * dateDiff('millisecond', f.last_at, c.ended_at), 0) AS busy_ms,
    busy_ms / dateDiff('millisecond', c.started_at, c.ended_at) AS carried_erlangs,
    offered * handle_ms_mean / dateDiff('millisecond', c.started_at, c.ended_at) AS offered_erlangs
FROM filled AS f
INNER JOIN cuts AS c ON f.m = c.n
WHERE c.ended_at > f.first_at AND c.started_at <= f.last_at
COMMENT 'Queues step by step: FROM queue_report(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''day'')';
