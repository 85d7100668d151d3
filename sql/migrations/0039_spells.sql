-- What agents were in, state by state and break by break: all that reaches into a stretch.
--
-- FROM state_spells(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow')
-- FROM break_spells(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow')
--
-- since, until, zone: as of steps. Nothing is cut at the ends of the stretch, and what still lasts
-- has no end: reports say how long that is.
--
-- Nearly all began in the week before the stretch or within it, in one partition or two, and are
-- read there. Of all that is older only beginnings and ends are looked at, as they lie in the
-- parts (final = 0: with all their revisions), to find the few who were in one state for longer;
-- of those the newest revision is read by its key, and it decides.
CREATE VIEW IF NOT EXISTS pult.state_spells
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at, since_at - INTERVAL 7 DAY AS week_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    )
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(state) AS state, toString(reason) AS reason, started_at, ended_at
FROM pult.agent_state_facts FINAL
WHERE NOT voided
    AND started_at >= (SELECT week_at FROM stretch) AND started_at < (SELECT until_at FROM stretch)
    AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
UNION ALL
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(state) AS state, toString(reason) AS reason, started_at, ended_at
FROM pult.agent_state_facts FINAL
WHERE NOT voided
    AND started_at < (SELECT week_at FROM stretch)
    AND (tenant, domain, agent_id, started_at) IN
    (
        SELECT tenant, domain, agent_id, started_at
        FROM pult.agent_state_facts
        WHERE started_at < (SELECT week_at FROM stretch)
            AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
        SETTINGS final = 0
    )
    AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
COMMENT 'States that reach into a stretch: FROM state_spells(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'')';

CREATE VIEW IF NOT EXISTS pult.break_spells
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at, since_at - INTERVAL 7 DAY AS week_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    )
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(reason) AS reason, started_at, ended_at
FROM pult.break_facts FINAL
WHERE NOT voided
    AND started_at >= (SELECT week_at FROM stretch) AND started_at < (SELECT until_at FROM stretch)
    AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
UNION ALL
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(reason) AS reason, started_at, ended_at
FROM pult.break_facts FINAL
WHERE NOT voided
    AND started_at < (SELECT week_at FROM stretch)
    AND (tenant, domain, agent_id, started_at) IN
    (
        SELECT tenant, domain, agent_id, started_at
        FROM pult.break_facts
        WHERE started_at < (SELECT week_at FROM stretch)
            AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
        SETTINGS final = 0
    )
    AND (ended_at IS NULL OR ended_at >= (SELECT since_at FROM stretch))
COMMENT 'Breaks that reach into a stretch: FROM break_spells(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'')';
