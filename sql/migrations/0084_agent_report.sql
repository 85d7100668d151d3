-- What agents did, step by step.
--
-- FROM agent_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'day')
--
-- Parameters as of steps. One row per agent and step in which he was logged in or anything was
-- his. Time in states and on breaks is cut at the steps in which it was spent; breaks are counted
-- where they began, offers where they ended, calls where the caller entered, as in queue_report.
-- What still lasts does so until the domain was heard last, within the stretch or after it.
--
-- Each interval is two ends, which find their step by a binary search; what is open is carried
-- along the steps as running sums, so that nothing is multiplied by the number of steps. What is of
-- one agent, one state and one step is added up before anything else is done with it.
-- Replaces the view of 0074, which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.agent_report
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local, toInt64(row_number() OVER (ORDER BY started_at)) AS n
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    -- Whose, what, from when, to when (NULL: it lasts); a break is not a state.
    spells AS
    (
        SELECT tenant, domain, agent_id, state AS spell, started_at AS from_at, ended_at AS to_at
        FROM pult.state_spells(since = {since:String}, until = {until:String}, zone = {zone:String})
        WHERE state != 'offline'
        UNION ALL
        SELECT tenant, domain, agent_id, 'break' AS spell, started_at AS from_at, ended_at AS to_at
        FROM pult.break_spells(since = {since:String}, until = {until:String}, zone = {zone:String})
    ),
    clipped AS
    (
        SELECT
            s.tenant AS tenant, s.domain AS domain, s.agent_id AS agent_id, s.spell AS spell, from_at,
            greatest(from_at, stretch.1) AS open_at,
            -- Without a word from the domain, heard_until is the epoch.
            if(to_at IS NULL, greatest(h.heard_until, open_at), assumeNotNull(to_at)) AS close_at
        FROM spells AS s
        LEFT JOIN pult.last_heard AS h ON s.tenant = h.tenant AND s.domain = h.domain
        WHERE close_at > open_at OR from_at >= stretch.1
    ),
    -- Where each began; nearly all end in that step, too, and are one sum with the others of it. What
    -- goes on beyond it (closes_at, else NULL) stays apart for its other end.
    begun AS
    (
        SELECT
            s.tenant AS tenant, s.domain AS domain, s.agent_id AS agent_id, s.spell AS spell, c.started_at AS step_at,
            if(s.close_at < c.ended_at, NULL, s.close_at) AS closes_at,
            count() AS spells,
            sum(dateDiff('millisecond', if(closes_at IS NULL, s.close_at, c.started_at), s.open_at)) AS moment_ms,
            countIf(s.from_at >= stretch.1) AS begins,
            maxOrNullIf(dateDiff('millisecond', s.from_at, s.close_at), s.from_at >= stretch.1) AS longest_ms
        FROM (SELECT *, 1 AS one FROM clipped) AS s
        ASOF JOIN cuts AS c ON s.one = c.one AND s.open_at >= c.started_at
        GROUP BY tenant, domain, agent_id, spell, step_at, closes_at
    ),
    parts AS
    (
        SELECT
            e.tenant AS tenant, e.domain AS domain, e.agent_id AS agent_id, e.spell AS spell, c.n AS n,
            if(e.closes_at IS NULL, 0, e.change * toInt64(e.spells)) AS change,
            if(e.change = 1, e.moment_ms, change * dateDiff('millisecond', c.started_at, e.at)) AS moment_ms,
            if(e.change = 1, e.begins, 0) AS begins, if(e.change = 1, e.longest_ms, NULL) AS longest_ms,
            0 AS number, 0 AS queue_calls, 0 AS handled, 0 AS talk, 0 AS hold, 0 AS wrapup, 0 AS passed, 0 AS hung_up
        FROM
        (
            WITH arrayJoin(if(ifNull(closes_at < stretch.2, false), [(step_at, 1), (assumeNotNull(closes_at), -1)], [(step_at, 1)])) AS edge
            SELECT *, edge.1 AS at, edge.2 AS change, 1 AS one FROM begun
        ) AS e
        ASOF JOIN cuts AS c ON e.one = c.one AND e.at >= c.started_at
        UNION ALL
        SELECT
            o.tenant, o.domain, o.agent_id, concat('offer ', o.result), c.n, 0, 0, 0, NULL, count(), 0, 0, 0, 0, 0, 0, 0
        FROM
        (
            SELECT toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id, result,
                assumeNotNull(ended_at) AS at, 1 AS one
            FROM pult.offer_facts FINAL
            WHERE NOT voided AND ended_at IS NOT NULL
                AND started_at >= stretch.1 - INTERVAL 1 DAY AND started_at < stretch.2
                AND at >= stretch.1 AND at < stretch.2
        ) AS o
        ASOF JOIN cuts AS c ON o.one = c.one AND o.at >= c.started_at
        GROUP BY o.tenant, o.domain, o.agent_id, o.result, c.n
        UNION ALL
        SELECT
            l.tenant, l.domain, l.agent_id, 'call', c.n, 0, 0, 0, NULL, count(), countIf(queued), countIf(queued AND talk_ms IS NOT NULL),
            sumIf(ifNull(talk_ms, 0), queued), sumIf(ifNull(hold_ms, 0), queued), sumIf(ifNull(wrapup_ms, 0), queued),
            countIf(queued AND transfer_kind != ''), countIf(queued AND ended_by = 'agent' AND transfer_kind = '')
        FROM
        (
            SELECT toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id, entered_at,
                talk_ms, hold_ms, wrapup_ms, transfer_kind, ended_by, queue_id != '' AS queued, 1 AS one
            FROM pult.leg_facts FINAL
            WHERE NOT voided AND agent_id != '' AND outcome = 'answered'
                AND first_second >= stretch.1 - INTERVAL 1 DAY AND first_second < stretch.2 + INTERVAL 1 DAY
                AND entered_at >= stretch.1 AND entered_at < stretch.2
        ) AS l
        ASOF JOIN cuts AS c ON l.one = c.one AND l.entered_at >= c.started_at
        GROUP BY l.tenant, l.domain, l.agent_id, c.n
    ),
    counted AS
    (
        SELECT
            tenant, domain, agent_id, n,
            sumForEach(arrayMap(name -> if(name = spell, change, 0), ['ready', 'reserved', 'talking',
                'holding', 'wrapup', 'not_ready', 'break'])) AS changes,
            sumForEach(arrayMap(name -> if(name = spell, moment_ms, 0),
                ['ready', 'reserved', 'talking', 'holding', 'wrapup', 'not_ready', 'break'])) AS moments,
            sumIf(begins, spell = 'break') AS breaks,
            maxOrNullIf(longest_ms, spell = 'break') AS longest_break_ms,
            sumIf(number, startsWith(spell, 'offer ')) AS offers,
            sumIf(number, spell = 'offer answered') AS offers_answered,
            sumIf(number, spell = 'offer no_answer') AS missed,
            sumIf(number, spell = 'offer rejected') AS rejected,
            sum(queue_calls) AS answered,
            toUInt64(sumIf(number, spell = 'call') - answered) AS other_calls,
            sum(handled) AS handled_calls,
            sum(talk) AS talk_sum, sum(hold) AS hold_sum, sum(wrapup) AS wrapup_sum,
            sum(passed) AS passed_on,
            sum(hung_up) AS ended_by_agent
        FROM parts
        GROUP BY tenant, domain, agent_id, n
    ),
    running AS
    (
        SELECT
            *, sumForEach(changes) OVER so_far AS open_after,
            leadInFrame(n, 1, assumeNotNull((SELECT toInt64(count() + 1) FROM cuts))) OVER (PARTITION BY tenant, domain, agent_id
                ORDER BY n ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_n
        FROM counted
        WINDOW so_far AS (PARTITION BY tenant, domain, agent_id ORDER BY n
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    -- The steps in which nothing began or ended have what was open before.
    filled AS
    (
        WITH arrayJoin(range(n, if(arrayExists(open -> open != 0, open_after), next_n, n + 1))) AS m
        SELECT *, m, m = n AS own
        FROM running
    )
SELECT
    f.tenant AS tenant, f.domain AS domain, f.agent_id AS agent_id,
    c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
    dateDiff('millisecond', c.started_at, c.ended_at) AS step_ms,
    ready_ms + reserved_ms + talking_ms + holding_ms + after_ms + not_ready_ms AS login_ms,
    f.open_after[1] * step_ms - if(own, f.moments[1], 0) AS ready_ms,
    f.open_after[2] * step_ms - if(own, f.moments[2], 0) AS reserved_ms,
    f.open_after[3] * step_ms - if(own, f.moments[3], 0) AS talking_ms,
    f.open_after[4] * step_ms - if(own, f.moments[4], 0) AS holding_ms,
    f.open_after[5] * step_ms - if(own, f.moments[5], 0) AS after_ms,
    f.open_after[6] * step_ms - if(own, f.moments[6], 0) AS not_ready_ms,
    (talking_ms + holding_ms + after_ms)
        / nullIf(talking_ms + holding_ms + after_ms + ready_ms + reserved_ms, 0) AS occupancy,
    (talking_ms + holding_ms + after_ms) / nullIf(login_ms, 0) AS utilisation,
    if(own, f.breaks, 0) AS breaks,
    f.open_after[7] * step_ms - if(own, f.moments[7], 0) AS break_ms,
    if(own, f.longest_break_ms, NULL) AS longest_break_ms,
    break_ms / nullIf(login_ms, 0) AS break_ratio,
    if(own, f.offers, 0) AS offers,
    if(own, f.offers_answered, 0) AS offers_answered,
    if(own, f.missed, 0) AS missed,
    if(own, f.rejected, 0) AS rejected,
    offers_answered / nullIf(offers_answered + missed + rejected, 0) AS answer_ratio,
    if(own, f.answered, 0) AS answered,
    if(own, f.handled_calls, 0) AS handled,
    if(own, f.talk_sum, 0) AS talk_ms,
    if(own, f.hold_sum, 0) AS hold_ms,
    if(own, f.wrapup_sum, 0) AS wrapup_ms,
    (talk_ms + hold_ms + wrapup_ms) / nullIf(handled, 0) AS handle_ms_mean,
    if(own, f.passed_on, 0) AS passed_on,
    if(own, f.ended_by_agent, 0) AS ended_by_agent,
    if(own, f.other_calls, 0) AS other_calls
FROM filled AS f
INNER JOIN cuts AS c ON f.m = c.n
WHERE login_ms > 0 OR break_ms > 0 OR breaks > 0 OR offers > 0 OR answered > 0 OR other_calls > 0
COMMENT 'Agents step by step: FROM agent_report(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''day'')';
