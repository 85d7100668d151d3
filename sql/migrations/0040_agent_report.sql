-- What agents did, step by step.
--
-- FROM agent_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'day')
--
-- Parameters as of steps. One row per agent and step in which he was logged in or anything was
-- his. Time in states and on breaks is cut at the steps in which it was spent; breaks are counted
-- where they began, offers where they ended, calls where the caller entered, as in queue_report.
-- What still lasts does so to the last thing heard of the domain within the stretch.
--
-- Each interval is two ends, which find their step by a binary search; what is open is carried
-- along the steps as running sums, so that nothing is multiplied by the number of steps.
-- Replaces the view of 0032, which read all spells since the beginning of the history.
CREATE OR REPLACE VIEW pult.agent_report
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    ),
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local, toInt64(row_number() OVER (ORDER BY started_at)) AS n
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    heard AS
    (
        SELECT toString(tenant) AS tenant, toString(domain) AS domain, max(occurred_at) AS heard_until
        FROM pult.clock_events
        WHERE occurred_at >= (SELECT since_at FROM stretch) AND occurred_at < (SELECT until_at FROM stretch)
        GROUP BY tenant, domain
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
            greatest(from_at, (SELECT since_at FROM stretch)) AS open_at,
            -- Without a word from the domain in the stretch, heard_until is the epoch.
            if(to_at IS NULL, greatest(h.heard_until, open_at), assumeNotNull(to_at)) AS close_at
        FROM spells AS s
        LEFT JOIN heard AS h ON s.tenant = h.tenant AND s.domain = h.domain
        WHERE close_at > open_at OR from_at >= (SELECT since_at FROM stretch)
    ),
    -- All that finds a place among the steps by one instant.
    happenings AS
    (
        WITH arrayJoin([(open_at, 1), (close_at, -1)]) AS edge
        SELECT
            tenant, domain, agent_id, spell, edge.1 AS at, edge.2 AS change,
            edge.2 = 1 AND from_at >= (SELECT since_at FROM stretch) AS begins,
            if(begins, dateDiff('millisecond', from_at, close_at), 0) AS lasted_ms,
            0 AS talk, 0 AS hold, 0 AS wrapup, false AS queued, false AS passed, false AS hung_up, false AS handled
        FROM clipped
        UNION ALL
        SELECT
            toString(tenant), toString(domain), toString(agent_id), concat('offer ', result), assumeNotNull(ended_at),
            0, false, 0, 0, 0, 0, false, false, false, false
        FROM pult.offer_facts FINAL
        WHERE NOT voided AND ended_at IS NOT NULL
            AND started_at >= (SELECT since_at - INTERVAL 1 DAY FROM stretch)
            AND started_at < (SELECT until_at FROM stretch)
        UNION ALL
        SELECT
            toString(tenant), toString(domain), toString(agent_id), 'call', entered_at,
            0, false, 0, ifNull(talk_ms, 0), ifNull(hold_ms, 0), ifNull(wrapup_ms, 0),
            queue_id != '', transfer_kind != '', ended_by = 'agent' AND transfer_kind = '', talk_ms IS NOT NULL
        FROM pult.leg_facts FINAL
        WHERE NOT voided AND agent_id != '' AND outcome = 'answered'
            AND first_second >= (SELECT since_at - INTERVAL 1 DAY FROM stretch)
            AND first_second < (SELECT until_at + INTERVAL 1 DAY FROM stretch)
    ),
    counted AS
    (
        SELECT
            h.tenant AS tenant, h.domain AS domain, h.agent_id AS agent_id, c.n AS n,
            sumForEach(arrayMap(name -> if(name = h.spell, toInt64(h.change), 0), ['ready', 'reserved', 'talking',
                'holding', 'wrapup', 'not_ready', 'break'])) AS changes,
            sumForEach(arrayMap(name -> if(name = h.spell, h.change * dateDiff('millisecond', c.started_at, h.at), 0),
                ['ready', 'reserved', 'talking', 'holding', 'wrapup', 'not_ready', 'break'])) AS moments,
            countIf(spell = 'break' AND begins) AS breaks,
            maxOrNullIf(lasted_ms, spell = 'break' AND begins) AS longest_break_ms,
            countIf(startsWith(spell, 'offer ')) AS offers,
            countIf(spell = 'offer answered') AS offers_answered,
            countIf(spell = 'offer no_answer') AS missed,
            countIf(spell = 'offer rejected') AS rejected,
            countIf(spell = 'call' AND queued) AS answered,
            countIf(spell = 'call' AND NOT queued) AS other_calls,
            countIf(spell = 'call' AND queued AND handled) AS handled_calls,
            sumIf(talk, queued) AS talk_sum, sumIf(hold, queued) AS hold_sum, sumIf(wrapup, queued) AS wrapup_sum,
            countIf(queued AND passed) AS passed_on,
            countIf(queued AND hung_up) AS ended_by_agent
        FROM (SELECT *, 1 AS one FROM happenings
            WHERE at >= (SELECT since_at FROM stretch) AND at < (SELECT until_at FROM stretch)) AS h
        ASOF JOIN cuts AS c ON h.one = c.one AND h.at >= c.started_at
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
