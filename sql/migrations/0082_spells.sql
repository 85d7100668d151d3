-- What agents were in, state by state and break by break: all that reaches into a stretch.
--
-- FROM state_spells(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow')
-- FROM break_spells(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow')
--
-- since, until, zone: as of stretch. Nothing is cut at the ends of the stretch, and what still lasts
-- has no end: reports say how long that is.
--
-- Nearly all began in the week before the stretch or within it, in one partition or two, and are
-- read there. Of all that is older only beginnings and ends are looked at, as they lie in the
-- parts (final = 0: with all their revisions), to find the few who were in one state for longer;
-- of those the newest revision is read by its key, and it decides.
-- Replaces the views of 0039, which asked steps for the stretch, six times.
CREATE OR REPLACE VIEW pult.state_spells
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(state) AS state, toString(reason) AS reason, started_at, ended_at
FROM pult.agent_state_facts FINAL
WHERE NOT voided
    AND started_at >= stretch.1 - INTERVAL 7 DAY AND started_at < stretch.2
    AND (ended_at IS NULL OR ended_at >= stretch.1)
UNION ALL
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(state) AS state, toString(reason) AS reason, started_at, ended_at
FROM pult.agent_state_facts FINAL
WHERE NOT voided
    AND started_at < stretch.1 - INTERVAL 7 DAY
    AND (tenant, domain, agent_id, started_at) IN
    (
        SELECT tenant, domain, agent_id, started_at
        FROM pult.agent_state_facts
        WHERE started_at < stretch.1 - INTERVAL 7 DAY
            AND (ended_at IS NULL OR ended_at >= stretch.1)
        SETTINGS final = 0
    )
    AND (ended_at IS NULL OR ended_at >= stretch.1)
COMMENT 'States that reach into a stretch: FROM state_spells(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'')';

CREATE OR REPLACE VIEW pult.break_spells
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(reason) AS reason, started_at, ended_at
FROM pult.break_facts FINAL
WHERE NOT voided
    AND started_at >= stretch.1 - INTERVAL 7 DAY AND started_at < stretch.2
    AND (ended_at IS NULL OR ended_at >= stretch.1)
UNION ALL
SELECT
    toString(tenant) AS tenant, toString(domain) AS domain, toString(agent_id) AS agent_id,
    toString(reason) AS reason, started_at, ended_at
FROM pult.break_facts FINAL
WHERE NOT voided
    AND started_at < stretch.1 - INTERVAL 7 DAY
    AND (tenant, domain, agent_id, started_at) IN
    (
        SELECT tenant, domain, agent_id, started_at
        FROM pult.break_facts
        WHERE started_at < stretch.1 - INTERVAL 7 DAY
            AND (ended_at IS NULL OR ended_at >= stretch.1)
        SETTINGS final = 0
    )
    AND (ended_at IS NULL OR ended_at >= stretch.1)
COMMENT 'Breaks that reach into a stretch: FROM break_spells(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'')';
