-- Reports on what CRMs tell: card filling, dispositions, satisfaction.
--
-- FROM card_filling(since = '2026-03-01', until = '2026-03-08', zone = 'Europe/Moscow')
--
-- since, until and zone are those of steps. What has begun, was set, was answered in that stretch
-- counts, whole. Replaces the views of 0019, which read the ends of the stretch by themselves.
CREATE OR REPLACE VIEW pult.card_filling
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    ),
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
            WHERE entered_at >= (SELECT since_at - INTERVAL 1 DAY FROM stretch) AND entered_at < (SELECT until_at + INTERVAL 1 DAY FROM stretch)
        ) AS l ON c.tenant = l.tenant AND c.domain = l.domain AND c.leg_id = l.leg_id
        WHERE c.began_at >= (SELECT since_at FROM stretch) AND c.began_at < (SELECT until_at FROM stretch)
    ),
    wrapped AS
    (
        SELECT tenant, agent_id, count() AS wrapups, sum(duration_ms) AS wrapup_ms
        FROM pult.agent_states
        WHERE state = 'wrapup' AND duration_ms IS NOT NULL
            AND started_at >= (SELECT since_at FROM stretch) AND started_at < (SELECT until_at FROM stretch)
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
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    )
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
    WHERE holds AND set_at >= (SELECT since_at FROM stretch) AND set_at < (SELECT until_at FROM stretch)
)
GROUP BY tenant, source, code
COMMENT 'What came of contacts and cases, the last code of each: FROM disposition_report(since = ''2026-03-01'', until = ''2026-03-08'', zone = ''Europe/Moscow'')';

CREATE OR REPLACE VIEW pult.satisfaction
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    ),
    talks AS
    (
        SELECT tenant, domain, leg_id, interaction_id, agent_id, answered_at
        FROM pult.legs
        WHERE agent_id != '' AND answered_at IS NOT NULL
            AND entered_at >= (SELECT since_at - INTERVAL 1 DAY FROM stretch) AND entered_at < (SELECT until_at FROM stretch)
    ),
    served AS
    (
        SELECT tenant, agent_id, uniqExact(domain, interaction_id) AS contacts
        FROM talks
        WHERE answered_at >= (SELECT since_at FROM stretch) AND answered_at < (SELECT until_at FROM stretch)
        GROUP BY tenant, agent_id
    ),
    answers AS
    (
        SELECT
            s.tenant AS tenant, s.kind AS kind,
            if(s.agent_id != '', s.agent_id, ifNull(t.agent_id, '')) AS agent,
            -- From 0 to 1, whatever the ends of the scale.
            if(s.scale_max > s.scale_min, (s.score - s.scale_min) / (s.scale_max - s.scale_min), NULL) AS part,
            ifNull(s.confidence, 0) >= 0.8 AS is_sure
        FROM pult.surveys AS s
        LEFT JOIN talks AS t ON s.tenant = t.tenant AND s.domain = t.domain AND s.leg_id = t.leg_id
        WHERE s.holds AND s.answered_at >= (SELECT since_at FROM stretch) AND s.answered_at < (SELECT until_at FROM stretch)
    )
SELECT
    a.tenant AS tenant, a.kind AS kind, a.agent AS agent_id, a.answers AS answers,
    a.mean AS mean_of_scale, a.positive AS positive_ratio, a.net AS net_promoters,
    v.contacts AS contacts, a.answers / nullIf(v.contacts, 0) AS response_ratio, a.sure AS sure
FROM
(
    SELECT
        tenant, kind, agent, count() AS answers, avgOrNull(part) AS mean,
        if(kind = 'nps', NULL, countIf(part >= 0.75) / nullIf(countIf(part IS NOT NULL), 0)) AS positive,
        if(kind = 'nps', (countIf(part >= 0.9) - countIf(part <= 0.6)) / nullIf(countIf(part IS NOT NULL), 0), NULL) AS net,
        countIf(is_sure) AS sure
    FROM answers
    GROUP BY tenant, kind, agent
) AS a
LEFT JOIN served AS v ON a.tenant = v.tenant AND a.agent = v.agent_id
COMMENT 'Answers of customers by kind and agent: FROM satisfaction(since = ''2026-03-01'', until = ''2026-03-08'', zone = ''Europe/Moscow'')';
