-- Episodes of violated rules by agent, team, code and queue, step by step; an open one lasts
-- until a PBX was heard last, as does a log-in. Replaces the view of 0076, which asked steps for
-- the stretch.
--
-- FROM violations_by(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'week')
-- WHERE by = 'agent'
--
-- Parameters as of steps. An episode, with all its time, belongs to the step in which it fired;
-- pending and voided ones are left out, excused ones stand apart. An alert is an episode of
-- somebody that is more than info, a page one that is critical and within the budget. agent_days
-- are pairs of an agent and a local day on which he was logged in: of all, of the agent, of all
-- again for a code. Teams and queues have none, as sessions do not name them, and no step shorter
-- than a day has.
CREATE OR REPLACE VIEW pult.violations_by
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    cuts AS
    (
        SELECT 1 AS one, started_at, ended_at, local
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = {step:String})
    ),
    episodes AS
    (
        SELECT
            toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent,
            toString(team) AS of_team, toString(code) AS of_code, toString(queue_id) AS of_queue,
            1 AS one, assumeNotNull(fired_at) AS at,
            ifNull(duration_ms, toUnixTimestamp64Milli(greatest(heard_until, at)) - toUnixTimestamp64Milli(at)) AS lasted_ms,
            state = 'excused' AS is_excused, state IN ('firing', 'acknowledged') AS is_open,
            state != 'excused' AND severity != 'info' AND agent_id != '' AS is_alert,
            state != 'excused' AND severity = 'critical' AND JSONExtractString(evidence, 'beyond') = '' AS is_page
        FROM pult.violations
        LEFT JOIN pult.last_heard USING (tenant, domain)
        WHERE state NOT IN ('pending', 'voided') AND fired_at IS NOT NULL
            AND fired_at >= stretch.1 AND fired_at < stretch.2
    ),
    counted AS
    (
        SELECT
            e.tenant AS tenant, e.domain AS domain, place.1 AS by, place.2 AS name,
            c.started_at AS started_at, c.ended_at AS ended_at, c.local AS local,
            countIf(NOT is_excused) AS episodes,
            sumIf(lasted_ms, NOT is_excused) AS duration_ms,
            countIf(is_open) AS open_episodes,
            countIf(is_alert) AS alerts,
            countIf(is_page) AS pages,
            countIf(is_excused) AS excused,
            sumIf(lasted_ms, is_excused) AS excused_ms
        FROM
        (
            SELECT *, arrayJoin([('all', ''), ('agent', agent), ('team', of_team), ('code', of_code),
                ('queue', of_queue)]) AS place
            FROM episodes
        ) AS e
        ASOF JOIN cuts AS c ON e.one = c.one AND e.at >= c.started_at
        WHERE place.1 = 'all' OR place.2 != ''
        GROUP BY tenant, domain, by, name, started_at, ended_at, local
    ),
    -- Each agent's local days within the stretch, each once, at its first instant.
    days AS
    (
        SELECT DISTINCT
            s.tenant AS tenant, s.domain AS domain, s.agent_id AS agent,
            greatest(toTimeZone(toDateTime64(toDate(toDate(from_at, {zone:String})
                + arrayJoin(range(toUInt32(toDate(to_at - INTERVAL 1 MILLISECOND, {zone:String})
                    - toDate(from_at, {zone:String})) + 1))), 3, {zone:String}), 'UTC'),
                stretch.1) AS at,
            1 AS one
        FROM
        (
            SELECT
                toString(a.tenant) AS tenant, toString(a.domain) AS domain, toString(a.agent_id) AS agent_id,
                greatest(a.logged_in_at, stretch.1) AS from_at,
                least(
                    if(a.logged_out_at IS NULL, greatest(h.heard_until, from_at), assumeNotNull(a.logged_out_at)),
                    stretch.2) AS to_at
            FROM pult.agent_sessions AS a
            LEFT JOIN pult.last_heard AS h ON toString(a.tenant) = h.tenant AND toString(a.domain) = h.domain
            WHERE a.logged_in_at < stretch.2
                AND (a.logged_out_at IS NULL OR a.logged_out_at > stretch.1)
        ) AS s
        WHERE to_at > from_at
    ),
    present AS
    (
        SELECT
            d.tenant AS tenant, d.domain AS domain, place.1 AS by, place.2 AS name,
            c.started_at AS started_at, toInt64(count()) AS agent_days
        FROM (SELECT *, arrayJoin([('all', ''), ('agent', agent)]) AS place FROM days) AS d
        ASOF JOIN cuts AS c ON d.one = c.one AND d.at >= c.started_at
        GROUP BY tenant, domain, by, name, started_at
    )
SELECT
    n.tenant AS tenant, n.domain AS domain, n.by AS by, n.name AS name,
    n.started_at AS started_at, n.ended_at AS ended_at, n.local AS local,
    n.episodes AS episodes, n.duration_ms AS duration_ms, n.open_episodes AS open_episodes,
    n.alerts AS alerts, n.pages AS pages, n.excused AS excused, n.excused_ms AS excused_ms,
    if(n.by IN ('team', 'queue') OR endsWith({step:String}, 'minute') OR endsWith({step:String}, 'minutes')
        OR endsWith({step:String}, 'hour') OR endsWith({step:String}, 'hours'), NULL, ifNull(p.agent_days, 0)) AS agent_days,
    n.alerts / nullIf(agent_days, 0) AS alerts_per_agent_day
FROM counted AS n
LEFT JOIN present AS p ON n.tenant = p.tenant AND n.domain = p.domain AND n.started_at = p.started_at
    AND p.by = if(n.by = 'code', 'all', n.by) AND p.name = if(n.by = 'code', '', n.name)
COMMENT 'Episodes by agent, team, code and queue: FROM violations_by(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''week'')';
