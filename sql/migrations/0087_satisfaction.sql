-- How satisfied customers were, as in 0062; of the contacts that an agent had, the share that was
-- answered for is of these contacts alone, whenever the answer came. Replaces the view of 0070,
-- which asked steps for the stretch.
CREATE OR REPLACE VIEW pult.satisfaction
AS WITH
    -- Its first instant, and the first one after it; 1970 twice if it has none.
    assumeNotNull((SELECT (min(since_at), max(until_at)) FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String}))) AS stretch,
    talks AS
    (
        SELECT DISTINCT tenant, domain, interaction_id, toString(agent_id) AS agent, true AS talked
        FROM pult.legs
        WHERE agent_id != '' AND answered_at IS NOT NULL
            AND entered_at >= stretch.1 - INTERVAL 1 DAY AND entered_at < stretch.2
            AND answered_at >= stretch.1 AND answered_at < stretch.2
    ),
    served AS
    (
        SELECT tenant, agent, uniqExact(domain, interaction_id) AS contacts
        FROM talks
        GROUP BY tenant, agent
    ),
    told AS
    (
        SELECT
            tenant, domain, kind, interaction_id,
            if(agent_id != '', toString(agent_id), served_by) AS agent,
            -- From 0 to 1, whatever the ends of the scale.
            if(scale_max > scale_min, (score - scale_min) / (scale_max - scale_min), NULL) AS part,
            ifNull(confidence, 0) >= 0.8 AS is_sure,
            answered_at >= stretch.1 AND answered_at < stretch.2 AS given
        FROM pult.surveys
        WHERE holds AND answered_at >= stretch.1
    )
SELECT
    a.tenant AS tenant, a.kind AS kind, a.agent AS agent_id, a.answers AS answers,
    a.mean AS mean_of_scale, a.positive AS positive_ratio, a.net AS net_promoters,
    v.contacts AS contacts, a.responded / nullIf(v.contacts, 0) AS response_ratio, a.sure AS sure
FROM
(
    SELECT
        s.tenant AS tenant, s.kind AS kind, s.agent AS agent,
        countIf(given) AS answers, avgOrNullIf(part, given) AS mean,
        if(kind = 'nps', NULL, countIf(given AND part >= 0.75) / nullIf(countIf(given AND part IS NOT NULL), 0)) AS positive,
        if(kind = 'nps', (countIf(given AND part >= 0.9) - countIf(given AND part <= 0.6)) / nullIf(countIf(given AND part IS NOT NULL), 0), NULL) AS net,
        countIf(given AND is_sure) AS sure,
        uniqExactIf((s.domain, s.interaction_id), t.talked) AS responded
    FROM told AS s
    LEFT JOIN talks AS t ON s.tenant = t.tenant AND s.domain = t.domain AND s.interaction_id = t.interaction_id AND s.agent = t.agent
    GROUP BY s.tenant, s.kind, s.agent
    HAVING answers > 0
) AS a
LEFT JOIN served AS v ON a.tenant = v.tenant AND a.agent = v.agent
COMMENT 'Answers of customers by kind and agent: FROM satisfaction(since = ''2026-03-01'', until = ''2026-03-08'', zone = ''Europe/Moscow'')';
