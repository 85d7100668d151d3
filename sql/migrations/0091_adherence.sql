-- How agents kept to what was planned: their time cut where plan, state, or a decision changes.
--
-- FROM adherence(since = '2026-03-01', until = '2026-03-08'): shifts that begin in that stretch;
-- since and until as of stretch, in UTC. Each agent's time is swept once, so a month of a thousand
-- agents is no product of plans and states: whatever lasts is two edges, and one pass over the
-- edges of an agent knows what holds from each to the next.
-- Replaces the views of 0077, which asked for agents and their sources wherever one was needed,
-- and knew no stretch that begins in 1970 or ends after 2128.
CREATE OR REPLACE VIEW pult.adherence_spans
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = 'UTC'))) AS stretch,
    heard AS
    (
        SELECT tenant, domain, source, min(occurred_at) AS heard_from, max(occurred_at) AS heard_until
        FROM pult.clock_events
        WHERE occurred_at >= stretch.1 - INTERVAL 2 DAY
        GROUP BY tenant, domain, source
    ),
    sessions AS
    (
        SELECT tenant, domain, agent_id, any(source) AS source
        FROM pult.agent_sessions
        WHERE logged_in_at < stretch.2 + INTERVAL 2 DAY
        GROUP BY tenant, domain, agent_id
    ),
    planned AS
    (
        SELECT *
        FROM pult.schedules
        WHERE shift_started_at >= stretch.1 - INTERVAL 2 DAY
            AND shift_started_at < stretch.2 + INTERVAL 2 DAY
    ),
    shifts AS
    (
        SELECT tenant, domain, agent_id, shift_started_at AS shift, max(shift_ended_at) AS shift_end
        FROM planned
        GROUP BY tenant, domain, agent_id, shift
    ),
    reaches AS
    (
        SELECT
            tenant, domain, agent_id, shift,
            greatest(shift - INTERVAL 4 HOUR, least(shift, lagInFrame(shift_end, 1, shift - INTERVAL 1 DAY)
                OVER nearby + INTERVAL 4 HOUR)) AS reach_from,
            least(shift_end + INTERVAL 4 HOUR, leadInFrame(shift, 1, shift_end + INTERVAL 1 DAY)
                OVER nearby) AS reach_until
        FROM shifts
        WINDOW nearby AS (PARTITION BY tenant, domain, agent_id ORDER BY shift
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    wanted AS
    (
        SELECT * FROM reaches
        WHERE shift >= stretch.1
            AND shift < stretch.2
    ),
    decided AS
    (
        SELECT
            v.tenant AS tenant, v.domain AS domain, v.agent_id AS agent_id,
            if(v.code = 'no_show',
                fromUnixTimestamp64Milli(JSONExtractInt(v.evidence, 'planned_from'), 'UTC'),
                v.pending_at) AS from_at,
            v.cleared_at AS until_at,
            JSONExtractString(v.evidence, 'excused_with') != ''
                OR (v.ruled != 'excused' AND r.decision = 'excused') AS for_him,
            v.ruled = 'excused' AND NOT for_him AS by_rule
        FROM pult.violations AS v
        LEFT JOIN
        (
            SELECT tenant, domain, episode_id, argMax(verdict, (decided_at, review_id)) AS decision
            FROM pult.reviews
            WHERE verdict IN ('excused', 'neutral')
            GROUP BY tenant, domain, episode_id
        ) AS r ON v.tenant = r.tenant AND v.domain = r.domain AND v.episode_id = r.episode_id
        WHERE v.state = 'excused' AND v.agent_id != ''
            AND v.code IN ('late_login', 'no_show', 'early_logout', 'late_return',
                'break_too_long', 'idle_not_ready', 'unscheduled_break')
            AND v.pending_at >= stretch.1 - INTERVAL 2 DAY
            AND v.pending_at < stretch.2 + INTERVAL 2 DAY
    ),
    gaps AS
    (
        SELECT
            tenant, domain, source, occurred_at AS from_at,
            minIf(occurred_at, type = 'cc.snapshot.completed.v1') OVER (PARTITION BY tenant, domain, source
                ORDER BY occurred_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until_at,
            type
        FROM pult.events
        WHERE type IN ('cc.source.disconnected.v1', 'cc.snapshot.completed.v1')
            AND occurred_at >= stretch.1 - INTERVAL 2 DAY
            AND occurred_at < stretch.2 + INTERVAL 2 DAY
    ),
    homes AS
    (
        -- Whom nobody has seen is of the first source by name that has people at all.
        SELECT
            a.tenant AS tenant, a.domain AS domain, a.agent_id AS agent_id,
            if(s.source = '', f.source, s.source) AS source,
            h.heard_from AS heard_from, h.heard_until AS heard_until
        FROM (SELECT DISTINCT tenant, domain, agent_id FROM planned) AS a
        LEFT JOIN sessions AS s
            ON a.tenant = s.tenant AND a.domain = s.domain AND a.agent_id = s.agent_id
        LEFT JOIN
        (
            SELECT tenant, domain, if(countIf(peopled) > 0, minIf(source, peopled), min(source)) AS source
            FROM
            (
                SELECT tenant, domain, source,
                    (tenant, domain, source) IN (SELECT tenant, domain, source FROM sessions) AS peopled
                FROM heard
            )
            GROUP BY tenant, domain
        ) AS f ON a.tenant = f.tenant AND a.domain = f.domain
        INNER JOIN heard AS h ON a.tenant = h.tenant AND a.domain = h.domain
            AND if(s.source = '', f.source, s.source) = h.source
    ),
    -- What lasts, each with what holds meanwhile: a reach with its shift, a plan, a state, a decision.
    lasting AS
    (
        SELECT
            tenant, domain, agent_id, reach_from AS from_at, toNullable(reach_until) AS until_at,
            toNullable(shift) AS shift, NULL::Nullable(String) AS activity, NULL::Nullable(String) AS inside,
            NULL::Nullable(String) AS outside, NULL::Nullable(String) AS state,
            0 AS excused, 0 AS neutral, 0 AS by_rule
        FROM wanted
        UNION ALL
        SELECT tenant, domain, agent_id, started_at, ended_at, NULL, activity, inside, outside, NULL, 0, 0, 0
        FROM planned
        UNION ALL
        SELECT
            tenant, domain, agent_id, started_at, ended_at, NULL, NULL, NULL, NULL,
            if(reason = '', state, concat(state, ':', reason)), 0, 0, 0
        FROM pult.state_spells(
            since = toString(greatest(stretch.1 - INTERVAL 2 DAY, toDateTime64(0, 3, 'UTC'))),
            until = toString(stretch.2 + INTERVAL 2 DAY),
            zone = 'UTC')
        UNION ALL
        SELECT
            tenant, domain, agent_id, from_at, until_at, NULL, NULL, NULL, NULL, NULL,
            for_him, NOT for_him AND NOT by_rule, by_rule
        FROM decided
    ),
    -- What has not ended lasts as long as the agent's source was heard.
    lasting_of AS
    (
        SELECT s.*, 0 AS gap, ifNull(s.until_at, h.heard_until) AS ends_at, h.heard_from AS heard_from, h.heard_until AS heard_until
        FROM lasting AS s
        INNER JOIN homes AS h ON s.tenant = h.tenant AND s.domain = h.domain AND s.agent_id = h.agent_id
        UNION ALL
        SELECT
            g.tenant, g.domain, m.agent_id, g.from_at, g.until_at, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 1,
            if(g.until_at < g.from_at, m.heard_until, g.until_at), m.heard_from, m.heard_until
        FROM gaps AS g
        INNER JOIN homes AS m ON g.tenant = m.tenant AND g.domain = m.domain AND g.source = m.source
        WHERE g.type = 'cc.source.disconnected.v1'
    ),
    edges AS
    (
        SELECT
            tenant, domain, agent_id, at,
            max(shift_there) AS shift, max(reach_there) AS reach_until,
            max(activity_there) AS activity, max(inside_there) AS inside, max(outside_there) AS outside,
            max(item_there) AS item_until,
            max(state_there) AS state, max(state_end) AS state_until,
            sum(change * excused) AS excused, sum(change * neutral) AS neutral, sum(change * by_rule) AS by_rule,
            sum(change * gap) AS gap,
            any(heard_from) AS heard_from, any(heard_until) AS heard_until
        FROM
        (
            WITH
                -- Where his source was heard first and last, time is cut, too.
                arrayJoin(arrayConcat([(from_at, 1), (ends_at, -1)],
                    if(shift IS NULL, [], [(heard_from, 0), (heard_until, 0)]))) AS edge,
                edge.2 = 1 AS begins
            SELECT
                tenant, domain, agent_id, edge.1 AS at, edge.2 AS change, excused, neutral, by_rule, gap, heard_from, heard_until,
                if(begins, shift, NULL) AS shift_there,
                if(begins AND shift IS NOT NULL, ends_at, NULL) AS reach_there,
                if(begins, activity, NULL) AS activity_there,
                if(begins, inside, NULL) AS inside_there,
                if(begins, outside, NULL) AS outside_there,
                if(begins AND activity IS NOT NULL, ends_at, NULL) AS item_there,
                if(begins, state, NULL) AS state_there,
                if(begins AND state IS NOT NULL, ends_at, NULL) AS state_end
            FROM lasting_of
        )
        GROUP BY tenant, domain, agent_id, at
    ),
    swept AS
    (
        SELECT
            tenant, domain, agent_id, at,
            leadInFrame(at, 1, at) OVER (PARTITION BY tenant, domain, agent_id ORDER BY at
                ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_at,
            last_value(shift) IGNORE NULLS OVER so_far AS shift,
            last_value(reach_until) IGNORE NULLS OVER so_far AS reach_until,
            last_value(activity) IGNORE NULLS OVER so_far AS activity,
            last_value(inside) IGNORE NULLS OVER so_far AS inside,
            last_value(outside) IGNORE NULLS OVER so_far AS outside,
            last_value(item_until) IGNORE NULLS OVER so_far AS item_until,
            last_value(state) IGNORE NULLS OVER so_far AS state,
            last_value(state_until) IGNORE NULLS OVER so_far AS state_until,
            sum(excused) OVER so_far AS excused,
            sum(neutral) OVER so_far AS neutral,
            sum(by_rule) OVER so_far AS by_rule,
            sum(gap) OVER so_far AS gap,
            heard_from, heard_until
        FROM edges
        WINDOW so_far AS (PARTITION BY tenant, domain, agent_id ORDER BY at
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    named AS
    (
        SELECT
            s.tenant AS tenant, s.domain AS domain, s.agent_id AS agent_id,
            assumeNotNull(s.shift) AS shift_started_at,
            s.at AS started_at, s.next_at AS ended_at,
            if(s.at < s.item_until, ifNull(s.activity, ''), '') AS activity,
            if(s.at < s.state_until, ifNull(s.state, 'offline'), 'offline') AS full_state,
            splitByChar(':', full_state, 2)[1] AS bare_state,
            splitByChar(',', ifNull(s.inside, '')) AS right_states,
            splitByChar(',', ifNull(s.outside, '')) AS wrong_states,
            s.gap > 0 OR s.at < s.heard_from AS unheard,
            s.excused > 0 AS excused, s.neutral > 0 AS neutral, s.by_rule > 0 AS by_rule
        FROM swept AS s
        WHERE s.at < s.reach_until AND s.next_at > s.at AND s.at < s.heard_until
    )
SELECT
    tenant, domain, agent_id, shift_started_at, activity, full_state AS state, started_at, ended_at,
    toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at) AS duration_ms,
    bare_state NOT IN ('offline', 'not_ready') AS at_work,
    bare_state != 'offline' AS present,
    multiIf(
        unheard, 'unknown',
        activity = '', if(at_work, 'beyond', 'free'),
        by_rule, 'neutral',
        has(right_states, full_state), 'in',
        has(wrong_states, full_state), 'out',
        has(right_states, bare_state), 'in',
        has(wrong_states, bare_state), 'out',
        'neutral') AS ruled,
    multiIf(ruled != 'out', ruled, neutral, 'neutral', excused, 'in', ruled) AS counts
FROM named
COMMENT 'The time of agents in and around their shifts, cut where plan, state or a decision changes';

CREATE OR REPLACE VIEW pult.adherence
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = 'UTC'))) AS stretch
SELECT
    p.tenant AS tenant, p.domain AS domain, p.agent_id AS agent_id, p.day AS day,
    p.shift_started_at AS shift_started_at, p.shift_ended_at AS shift_ended_at,
    p.scheduled_ms AS scheduled_ms,
    s.in_ms AS in_ms, s.out_ms AS out_ms, s.neutral_ms AS neutral_ms, s.unknown_ms AS unknown_ms,
    s.beyond_ms AS beyond_ms, s.work_in_break_ms AS work_in_break_ms,
    in_ms / nullIf(in_ms + out_ms, 0) AS adherence,
    in_ms / nullIf(in_ms + out_ms + beyond_ms, 0) AS adherence_with_beyond,
    s.ruled_in_ms / nullIf(s.ruled_in_ms + s.ruled_out_ms, 0) AS adherence_as_ruled,
    if(s.worked_ms = 0 AND s.work_ms = 0, NULL, s.worked_ms / s.work_ms) AS conformance,
    if(p.works_from IS NULL OR s.first_at IS NULL
        OR arrayExists(u -> u.1 < s.first_at AND u.2 > p.works_from, s.unheard), NULL, greatest(0,
        toUnixTimestamp64Milli(assumeNotNull(s.first_at)) - toUnixTimestamp64Milli(assumeNotNull(p.works_from)))) AS late_ms,
    if(p.works_until IS NULL OR s.last_at IS NULL OR s.heard_until < p.works_until
        OR arrayExists(u -> u.1 < p.works_until AND u.2 > s.last_at, s.unheard), NULL, greatest(0,
        toUnixTimestamp64Milli(assumeNotNull(p.works_until)) - toUnixTimestamp64Milli(assumeNotNull(s.last_at)))) AS left_early_ms,
    if(p.works_from IS NULL OR s.heard_until < p.works_until
        OR (s.first_at IS NULL AND arrayExists(u -> u.1 < p.works_until AND u.2 > p.works_from, s.unheard)), NULL, CAST(s.first_at IS NULL, 'Bool')) AS no_show
FROM
(
    SELECT
        tenant, domain, agent_id, min(day) AS day, shift_started_at,
        max(shift_ended_at) AS shift_ended_at, sum(duration_ms) AS scheduled_ms,
        minOrNullIf(started_at, activity = 'work') AS works_from,
        maxOrNullIf(ended_at, activity = 'work') AS works_until
    FROM pult.schedules
    WHERE shift_started_at >= stretch.1 AND shift_started_at < stretch.2
    GROUP BY tenant, domain, agent_id, shift_started_at
) AS p
LEFT JOIN
(
    SELECT
        tenant, domain, agent_id, shift_started_at,
        sumIf(duration_ms, counts = 'in') AS in_ms,
        sumIf(duration_ms, counts = 'out') AS out_ms,
        sumIf(duration_ms, counts = 'neutral') AS neutral_ms,
        sumIf(duration_ms, counts = 'unknown' AND activity != '') AS unknown_ms,
        sumIf(duration_ms, counts = 'beyond') AS beyond_ms,
        sumIf(duration_ms, ruled = 'in') AS ruled_in_ms,
        sumIf(duration_ms, ruled = 'out') AS ruled_out_ms,
        sumIf(duration_ms, activity = 'break' AND at_work AND counts != 'unknown') AS work_in_break_ms,
        sumIf(duration_ms, at_work AND counts != 'unknown') AS worked_ms,
        sumIf(duration_ms, activity = 'work' AND counts != 'unknown') AS work_ms,
        minOrNullIf(started_at, present AND activity != '') AS first_at,
        maxOrNullIf(ended_at, present AND activity != '') AS last_at,
        groupArrayIf((started_at, ended_at), counts = 'unknown') AS unheard,
        max(ended_at) AS heard_until
    FROM pult.adherence_spans(since = {since:String}, until = {until:String})
    GROUP BY tenant, domain, agent_id, shift_started_at
) AS s ON p.tenant = s.tenant AND p.domain = s.domain AND p.agent_id = s.agent_id
    AND p.shift_started_at = s.shift_started_at
COMMENT 'How each shift was kept to: FROM adherence(since = ''2026-03-01'', until = ''2026-03-08'')';
