-- Episodes of violated rules that fired within a span, counted over agents, teams and codes.
--
-- Parameters: tenant; since, until [ms since 1970], local midnights; zone, whose days are
-- counted; agents and teams, two lists of equal length: who belongs where. Whoever is not named
-- there is of the team of his last episode. Pending and voided episodes are left out, excused
-- ones stand apart, and open ones last until a PBX of their domain was heard last. An agent was
-- there on each local day on which he was logged in for a moment. Without such days there is no
-- ratio.
WITH
    fromUnixTimestamp64Milli({since:Int64}, 'UTC') AS since_at,
    fromUnixTimestamp64Milli({until:Int64}, 'UTC') AS until_at,
    told AS
    (
        SELECT domain, max(occurred_at) AS told_until
        FROM clock_events
        WHERE tenant = {tenant:String}
        GROUP BY domain
    ),
    episodes AS
    (
        SELECT
            agent_id, team, code,
            ifNull(duration_ms, greatest(dateDiff('millisecond', fired_at, told_until), 0)) AS lasted_ms,
            state = 'excused' AS is_excused,
            state != 'excused' AND severity != 'info' AND agent_id != '' AS is_alert,
            state != 'excused' AND severity = 'critical'
                AND JSONExtractString(evidence, 'beyond') = '' AS is_page
        FROM violations
        LEFT JOIN told USING (domain)
        WHERE tenant = {tenant:String} AND fired_at >= since_at AND fired_at < until_at
            AND state NOT IN ('pending', 'voided')
    ),
    teams AS
    (
        SELECT agent_id, argMax(team, (pending_at, episode_id)) AS last_team
        FROM violations
        WHERE tenant = {tenant:String} AND agent_id != ''
        GROUP BY agent_id
    ),
    days AS
    (
        SELECT DISTINCT
            agent_id,
            arrayJoin(range(
                toUInt32(first_day),
                toUInt32(toDate(least(ifNull(logged_out_at, told_until), until_at)
                    - INTERVAL 1 MILLISECOND, {zone:String})) + 1)) AS day
        FROM
        (
            SELECT
                agent_id, logged_out_at, told_until,
                toDate(greatest(logged_in_at, since_at), {zone:String}) AS first_day
            FROM agent_sessions
            LEFT JOIN told USING (domain)
            WHERE tenant = {tenant:String} AND logged_in_at < until_at
                AND (logged_out_at IS NULL OR logged_out_at > since_at)
        )
    ),
    counted AS
    (
        SELECT
            place.1 AS by, place.2 AS name,
            countIf(NOT is_excused) AS episodes,
            sumIf(lasted_ms, NOT is_excused) / 60000 AS minutes,
            sum(is_alert) AS alerts,
            sum(is_page) AS pages,
            countIf(is_excused) AS excused,
            sumIf(lasted_ms, is_excused) / 60000 AS excused_minutes
        FROM episodes
        ARRAY JOIN [('all', ''), ('agent', agent_id), ('team', team), ('code', code)] AS place
        WHERE place.1 != 'agent' OR agent_id != ''
        GROUP BY by, name
    ),
    present AS
    (
        SELECT place.1 AS by, place.2 AS name, count() AS agent_days
        FROM
        (
            SELECT
                days.agent_id AS agent_id,
                transform(agent_id, {agents:Array(String)}, {teams:Array(String)}, last_team)
                    AS team
            FROM days LEFT JOIN teams ON days.agent_id = teams.agent_id
        )
        ARRAY JOIN [('all', ''), ('agent', agent_id), ('team', team)] AS place
        GROUP BY by, name
    )
SELECT
    counted.by AS by, counted.name AS name, episodes,
    round(ifNull(minutes, 0), 1) AS minutes,
    alerts, pages, excused,
    round(ifNull(excused_minutes, 0), 1) AS excused_minutes,
    if(counted.by = 'code', (SELECT count() FROM days), present.agent_days) AS agent_days,
    round(alerts / nullIf(agent_days, 0), 2) AS alerts_per_agent_day
FROM counted
LEFT JOIN present ON counted.by = present.by AND counted.name = present.name
ORDER BY by, alerts DESC, episodes DESC, name
