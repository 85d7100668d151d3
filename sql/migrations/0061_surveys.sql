-- Answers of customers, as in 0033; what is known of the contact is found whenever it was.
--
-- Customers answer days later. Where the PBX's id is told, the visit is found by it, however long
-- ago; where only a case is, the contact is that which was told of the case last before the answer.
-- The fold, which forgets calls after some hours, cannot know it. Replaces the view of 0033.
CREATE OR REPLACE VIEW pult.surveys
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    answer_id      String COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    survey_id      String COMMENT 'The CRM''s id of this answer (not of the questionnaire), or empty',
    answered_at    DateTime64(3, 'UTC') COMMENT 'When the customer answered',
    kind           LowCardinality(String) COMMENT 'csat nps ces',
    score          Float64 COMMENT 'What he gave, from scale_min to scale_max',
    scale_min      Float64 COMMENT 'Lowest that he could give',
    scale_max      Float64 COMMENT 'Highest that he could give',
    agent_id       LowCardinality(String) COMMENT 'Agent that the CRM names, or empty',
    case_id        String COMMENT 'Case it is of, or empty',
    caller_key     String COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String COMMENT 'Contact it is of, or empty',
    leg_id         String COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), caller, case (what was told of it before); or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    holds          Bool COMMENT 'Nothing was told later under the same survey_id',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received',
    served_by      String COMMENT 'Agent who talked in that leg, or empty'
)
AS WITH
    said AS
    (
        SELECT *
        FROM pult.survey_facts FINAL
        WHERE NOT voided AND scale_min < scale_max AND score >= scale_min AND score <= scale_max
    ),
    told_of_cases AS
    (
        SELECT tenant, domain, source, case_id, at AS told_at, interaction_id, matched_by, confidence
        FROM pult.case_step_facts FINAL WHERE NOT voided
        UNION ALL
        SELECT tenant, domain, source, case_id, began_at, interaction_id, matched_by, confidence
        FROM pult.card_facts FINAL WHERE NOT voided
        UNION ALL
        SELECT tenant, domain, source, case_id, set_at, interaction_id, matched_by, confidence
        FROM pult.disposition_facts FINAL WHERE NOT voided
    ),
    -- Of what is told in one instant the surest counts.
    of_cases AS
    (
        SELECT tenant, domain, source, case_id, told_at,
            argMax((interaction_id, matched_by, confidence), (ifNull(confidence, 0), interaction_id)) AS contact
        FROM told_of_cases
        WHERE interaction_id != ''
            AND (tenant, domain, source, case_id) IN (SELECT tenant, domain, source, case_id FROM said WHERE matched_by = '' AND case_id != '')
        GROUP BY tenant, domain, source, case_id, told_at
    ),
    tied AS
    (
        SELECT
            s.*,
            multiIf(s.matched_by != '', s.interaction_id, c.contact.1) AS named,
            s.matched_by = '' AND named != '' AS by_case,
            if(by_case, c.contact.2, toString(s.matched_by)) = 'id' AS by_id,
            if(by_case, c.contact.3, s.confidence) AS sure,
            if(by_case, c.told_at, s.answered_at) AS near
        FROM said AS s
        ASOF LEFT JOIN of_cases AS c
            ON s.tenant = c.tenant AND s.domain = c.domain AND s.source = c.source AND s.case_id = c.case_id
            AND s.answered_at >= c.told_at
    ),
    found AS
    (
        SELECT t.*, if(m.interaction_id != '' AND (t.by_id OR t.by_case), m.interaction_id, t.named) AS contact
        FROM tied AS t
        LEFT JOIN pult.merged_contacts AS m ON t.tenant = m.tenant AND t.domain = m.domain AND t.named = m.from_id
    ),
    -- Of each leg: id, agent, beginning and end of the talk (else of the wait) in ms, whether it was one.
    visits AS
    (
        SELECT tenant, domain, interaction_id,
            groupArray((leg_id, toString(agent_id), toUnixTimestamp64Milli(coalesce(answered_at, entered_at)),
                ifNull(toUnixTimestamp64Milli(coalesce(ended_at, if(answered_at IS NULL, left_at, NULL))), 9223372036854775807),
                answered_at IS NOT NULL)) AS legs
        FROM pult.legs
        WHERE interaction_id IN (SELECT contact FROM found WHERE contact != '')
        GROUP BY tenant, domain, interaction_id
    ),
    placed AS
    (
        SELECT
            f.*,
            toUnixTimestamp64Milli(f.near) AS near_ms,
            -- As the fold chooses: of the agent who is named; the nearest; answered; the later.
            if(f.leg_id != '', arrayFilter(leg -> leg.1 = f.leg_id, v.legs),
                if(f.by_id OR f.by_case,
                    arraySort(leg -> (f.agent_id != '' AND leg.2 != f.agent_id, greatest(leg.3 - near_ms, near_ms - leg.4, 0), NOT leg.5, -leg.3, leg.1), v.legs),
                    []))[1] AS leg
        FROM found AS f
        LEFT JOIN visits AS v ON f.tenant = v.tenant AND f.domain = v.domain AND f.contact = v.interaction_id
    )
SELECT
    tenant, domain, answer_id, source, survey_id, answered_at, kind, score, scale_min, scale_max,
    agent_id, case_id, caller_key, contact AS interaction_id, if(leg_id = '', leg.1, leg_id) AS leg_id,
    if(by_case, 'case', toString(matched_by)) AS matched_by,
    if(by_id AND leg.1 != '', 1., sure) AS confidence,
    row_number() OVER (
        PARTITION BY tenant, domain, source, if(survey_id = '', answer_id, survey_id)
        ORDER BY answered_at DESC, answer_id DESC) = 1 AS holds,
    revision, known_at, if(leg.5, leg.2, '') AS served_by
FROM placed
COMMENT 'Answers of customers; of those with one survey_id the last one holds, newest revision';
