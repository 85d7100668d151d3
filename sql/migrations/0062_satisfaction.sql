-- How satisfied customers were, as in 0035; an answer counts for the agent of its call however long
-- ago that was. Replaces the view of 0035.
CREATE OR REPLACE VIEW pult.satisfaction
AS WITH
    stretch AS
    (
        SELECT started_at AS since_at, ended_at AS until_at
        FROM pult.steps(since = {since:String}, until = {until:String}, zone = {zone:String}, step = 'all')
    ),
    talks AS
    (
        SELECT tenant, domain, interaction_id, agent_id, answered_at
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
            if(s.agent_id != '', toString(s.agent_id), s.served_by) AS agent,
            -- From 0 to 1, whatever the ends of the scale.
            if(s.scale_max > s.scale_min, (s.score - s.scale_min) / (s.scale_max - s.scale_min), NULL) AS part,
            ifNull(s.confidence, 0) >= 0.8 AS is_sure
        FROM pult.surveys AS s
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
