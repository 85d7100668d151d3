-- Breaks by agent and reason, step by step.
--
-- FROM breaks_report(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'month')
--
-- Parameters as of steps. A break is counted, and is the longest, where it began; its time is cut
-- at the steps in which it was spent. One that lasts does so until the domain was heard last,
-- within the stretch or after it. login_ms is the agent's whole time in the step, on each row of his: it adds
-- up over steps, not over reasons.
-- Replaces the view of 0075, which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.breaks_report
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local, toInt64(row_number() OVER (ORDER BY started_at)) AS n
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    spells AS
    (
        SELECT tenant, domain, agent_id, reason, started_at AS from_at, ended_at AS to_at
        FROM pult.break_spells(since = {since:String}, until = {until:String}, zone = {zone:String})
    ),
    clipped AS
    (
        SELECT
            s.tenant AS tenant, s.domain AS domain, s.agent_id AS agent_id, s.reason AS reason, from_at,
            greatest(from_at, stretch.1) AS open_at,
            if(to_at IS NULL, greatest(h.heard_until, open_at), assumeNotNull(to_at)) AS close_at,
            to_at IS NULL AS lasts
        FROM spells AS s
        LEFT JOIN pult.last_heard AS h ON s.tenant = h.tenant AND s.domain = h.domain
        WHERE close_at > open_at OR from_at >= stretch.1
    ),
    happenings AS
    (
        WITH arrayJoin([(open_at, 1), (close_at, -1)]) AS edge
        SELECT
            tenant, domain, agent_id, reason, 1 AS one, edge.1 AS at, edge.2 AS change,
            edge.2 = 1 AND from_at >= stretch.1 AS begins,
            dateDiff('millisecond', from_at, close_at) AS lasted_ms, lasts
        FROM clipped
        WHERE at < stretch.2
    ),
    counted AS
    (
        SELECT
            h.tenant AS tenant, h.domain AS domain, h.agent_id AS agent_id, h.reason AS reason, c.n AS n,
            sum(toInt64(h.change)) AS changes,
            sum(h.change * dateDiff('millisecond', c.started_at, h.at)) AS moments,
            countIf(begins) AS begun, countIf(begins AND lasts) AS lasting,
            sumIf(lasted_ms, begins) AS begun_ms, maxOrNullIf(lasted_ms, begins) AS longest
        FROM happenings AS h
        ASOF JOIN cuts AS c ON h.one = c.one AND h.at >= c.started_at
        GROUP BY tenant, domain, agent_id, reason, n
    ),
    running AS
    (
        SELECT
            *, sum(changes) OVER so_far AS open_after,
            leadInFrame(n, 1, assumeNotNull((SELECT toInt64(count() + 1) FROM cuts))) OVER (
                PARTITION BY tenant, domain, agent_id, reason
                ORDER BY n ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_n
        FROM counted
        WINDOW so_far AS (PARTITION BY tenant, domain, agent_id, reason ORDER BY n
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    filled AS
    (
        WITH arrayJoin(range(n, if(open_after != 0, next_n, n + 1))) AS m
        SELECT *, m, m = n AS own
        FROM running
    )
SELECT
    f.tenant AS tenant, f.domain AS domain, f.agent_id AS agent_id, f.reason AS reason,
    c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
    if(own, f.begun, 0) AS breaks,
    if(own, f.lasting, 0) AS open_breaks,
    f.open_after * dateDiff('millisecond', c.started_at, c.ended_at) - if(own, f.moments, 0) AS break_ms,
    if(own, f.longest, NULL) AS longest_ms,
    if(own, f.begun_ms, 0) / nullIf(breaks, 0) AS length_ms_mean,
    l.login_ms AS login_ms,
    break_ms / nullIf(login_ms, 0) AS login_ratio
FROM filled AS f
INNER JOIN cuts AS c ON f.m = c.n
LEFT JOIN
(
    SELECT tenant, domain, agent_id, started_at, login_ms
    FROM pult.agent_report(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
) AS l ON f.tenant = l.tenant AND f.domain = l.domain AND f.agent_id = l.agent_id AND c.started_at = l.started_at
WHERE break_ms > 0 OR breaks > 0
COMMENT 'Breaks by agent and reason: FROM breaks_report(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''month'')';
