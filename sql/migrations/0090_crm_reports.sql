-- Reports on what CRMs tell: card filling, dispositions.
--
-- FROM card_filling(since = '2026-03-01', until = '2026-03-08', zone = 'Europe/Moscow')
--
-- since, until and zone are those of stretch. What has begun, was set in that stretch counts,
-- whole. Replaces the views of 0035, which asked steps for it.
CREATE OR REPLACE VIEW pult.card_filling
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    filled AS
    (
        SELECT
            c.tenant AS tenant, c.agent_id AS agent_id, c.filling_ms AS filling_ms,
            c.saves > 0 AS was_saved, c.saves = 0 AND c.closed_at IS NOT NULL AS was_dropped,
            c.interaction_id != '' AS was_found, ifNull(c.confidence, 0) >= 0.8 AS is_sure,
            -- The part of the filling after the talk: what a wrap-up would have to hold.
            if(l.leg_id = '' OR l.ended_at IS NULL OR c.filling_ms IS NULL, NULL, greatest(0,
                toUnixTimestamp64Milli(assumeNotNull(coalesce(c.saved_at, c.closed_at)))
                - toUnixTimestamp64Milli(greatest(assumeNotNull(c.opened_at), assumeNotNull(l.ended_at))))) AS after_ms
        FROM pult.cards AS c
        LEFT JOIN
        (
            SELECT tenant, domain, leg_id, ended_at
            FROM pult.legs
            WHERE entered_at >= stretch.1 - INTERVAL 1 DAY AND entered_at < stretch.2 + INTERVAL 1 DAY
        ) AS l ON c.tenant = l.tenant AND c.domain = l.domain AND c.leg_id = l.leg_id
        WHERE c.began_at >= stretch.1 AND c.began_at < stretch.2
    ),
    wrapped AS
    (
        SELECT tenant, agent_id, count() AS wrapups, sum(duration_ms) AS wrapup_ms
        FROM pult.agent_states
        WHERE state = 'wrapup' AND duration_ms IS NOT NULL
            AND started_at >= stretch.1 AND started_at < stretch.2
        GROUP BY tenant, agent_id
    )
SELECT
    coalesce(nullIf(f.tenant, ''), w.tenant) AS tenant,
    coalesce(nullIf(f.agent_id, ''), w.agent_id) AS agent_id,
    f.cards AS cards, f.saved AS saved, f.dropped AS dropped,
    f.filling_mean_ms AS filling_mean_ms, f.filling_p90_ms AS filling_p90_ms,
    f.after_talk_mean_ms AS after_talk_mean_ms,
    w.wrapups AS wrapups, w.wrapup_ms / nullIf(w.wrapups, 0) AS wrapup_mean_ms,
    f.found AS found, f.sure AS sure
FROM
(
    SELECT
        tenant, agent_id, count() AS cards, countIf(was_saved) AS saved,
        countIf(was_dropped) AS dropped, avgOrNull(filling_ms) AS filling_mean_ms,
        quantileExactOrNull(0.9)(filling_ms) AS filling_p90_ms,
        avgOrNull(after_ms) AS after_talk_mean_ms,
        countIf(was_found) AS found, countIf(is_sure) AS sure
    FROM filled
    GROUP BY tenant, agent_id
) AS f
FULL JOIN wrapped AS w ON f.tenant = w.tenant AND f.agent_id = w.agent_id
COMMENT 'Filling of cards by agent, beside the wrap-up that the PBX saw: FROM card_filling(since = ''2026-03-01'', until = ''2026-03-08'', zone = ''Europe/Moscow'')';

CREATE OR REPLACE VIEW pult.disposition_report
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch
SELECT
    tenant, source, code, argMax(said_name, (set_at, disposition_id)) AS name,
    count() AS times,
    times / sum(times) OVER (PARTITION BY tenant, source) AS share,
    uniqExactIf(interaction_id, interaction_id != '') AS contacts,
    uniqExactIf(case_id, case_id != '') AS cases,
    uniqExactIf(agent_id, agent_id != '') AS agents,
    countIf(ifNull(confidence, 0) >= 0.8) AS sure
FROM
(
    SELECT
        tenant, source, code, name AS said_name, set_at, disposition_id, interaction_id, case_id,
        agent_id, confidence
    FROM pult.dispositions
    WHERE holds AND set_at >= stretch.1 AND set_at < stretch.2
)
GROUP BY tenant, source, code
COMMENT 'What came of contacts and cases, the last code of each: FROM disposition_report(since = ''2026-03-01'', until = ''2026-03-08'', zone = ''Europe/Moscow'')';
