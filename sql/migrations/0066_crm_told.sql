-- Which contact, and which visit of it, each thing is of that a CRM told.
--
-- FROM crm_told(kind = 'survey', contact = '')
--
-- kind: case (a step of one), disposition, survey (an answer), or empty for all. contact: an id of
-- a contact, for what is of it or of one that was merged into it; or empty for all.
--
-- A case goes on for days, and customers answer days later. The fold, which forgets calls after some
-- hours, leaves an id of the PBX as it was told; here it leads to the visit, by way of merges, however long ago that was.
-- An answer that names a case alone is of the contact that was told of the case last before it.
CREATE OR REPLACE VIEW pult.crm_told
AS WITH
    answers AS
    (
        SELECT *
        FROM pult.survey_facts FINAL
        WHERE {kind:String} IN ('survey', '') AND NOT voided
            AND scale_min < scale_max AND score >= scale_min AND score <= scale_max
    ),
    told_of_cases AS
    (
        SELECT tenant, domain, source, case_id, at AS told_at, interaction_id, matched_by, confidence
        FROM pult.case_step_facts FINAL WHERE {kind:String} IN ('survey', '') AND NOT voided
        UNION ALL
        SELECT tenant, domain, source, case_id, began_at, interaction_id, matched_by, confidence
        FROM pult.card_facts FINAL WHERE {kind:String} IN ('survey', '') AND NOT voided
        UNION ALL
        SELECT tenant, domain, source, case_id, set_at, interaction_id, matched_by, confidence
        FROM pult.disposition_facts FINAL WHERE {kind:String} IN ('survey', '') AND NOT voided
    ),
    -- Of what is told in one instant the surest counts.
    of_cases AS
    (
        SELECT tenant, domain, source, case_id, told_at,
            argMax((interaction_id, matched_by, confidence), (ifNull(confidence, 0), interaction_id)) AS contact
        FROM told_of_cases
        WHERE interaction_id != ''
            AND (tenant, domain, source, case_id) IN (SELECT tenant, domain, source, case_id FROM answers WHERE matched_by = '' AND case_id != '')
        GROUP BY tenant, domain, source, case_id, told_at
    ),
    -- follows: merges are followed, and a visit is looked for, of which leg_id may name one already.
    told AS
    (
        SELECT tenant, domain, source, 'case' AS kind, step_id AS id, at, agent_id, concat(case_id, ' ', step) AS what,
            interaction_id AS named, leg_id, toString(matched_by) AS how, confidence AS sure, how = 'id' AND leg_id = '' AS follows,
            follows AS by_id, at AS near
        FROM pult.case_step_facts FINAL
        WHERE {kind:String} IN ('case', '') AND NOT voided
        UNION ALL
        SELECT tenant, domain, source, 'disposition', disposition_id, set_at, agent_id, if(name = '', code, name),
            interaction_id, leg_id, toString(matched_by) AS how, confidence, how = 'id' AND leg_id = '' AS follows,
            follows, set_at
        FROM pult.disposition_facts FINAL
        WHERE {kind:String} IN ('disposition', '') AND NOT voided
        UNION ALL
        SELECT s.tenant, s.domain, s.source, 'survey', s.answer_id, s.answered_at, s.agent_id, concat(s.kind, ' ', toString(s.score)),
            if(s.matched_by != '', s.interaction_id, c.contact.1) AS named, s.leg_id,
            if(s.matched_by = '' AND named != '', 'case', toString(s.matched_by)) AS how,
            if(how = 'case', c.contact.3, s.confidence),
            how IN ('id', 'case') AS follows, if(how = 'case', c.contact.2, toString(s.matched_by)) = 'id',
            if(how = 'case', c.told_at, s.answered_at)
        FROM answers AS s
        ASOF LEFT JOIN of_cases AS c
            ON s.tenant = c.tenant AND s.domain = c.domain AND s.source = c.source AND s.case_id = c.case_id
            AND s.answered_at >= c.told_at
    ),
    -- Whoever asks by an id that was merged into another means the one that took it in.
    coalesce(nullIf((SELECT max(interaction_id) FROM pult.merged_contacts WHERE {contact:String} != '' AND from_id = {contact:String}), ''), {contact:String}) AS asked_for,
    (SELECT arrayPushBack(groupArray(from_id), asked_for) FROM pult.merged_contacts WHERE {contact:String} != '' AND interaction_id = asked_for) AS known_as,
    found AS
    (
        SELECT t.*, if(t.follows AND m.interaction_id != '', m.interaction_id, t.named) AS contact
        FROM told AS t
        LEFT JOIN pult.merged_contacts AS m ON t.tenant = m.tenant AND t.domain = m.domain AND t.named = m.from_id
        WHERE {contact:String} = '' OR has(known_as, contact)
    ),
    -- All that may be looked for; to find out of which just these are would take it all twice.
    candidates AS
    (
        SELECT arrayJoin(known_as) AS contact WHERE {contact:String} != ''
        UNION ALL
        SELECT JSONExtractString(data, 'into_id') FROM pult.events
        WHERE {contact:String} = '' AND type = 'cc.interaction.merged.v1'
        UNION ALL
        SELECT interaction_id FROM pult.case_step_facts FINAL
        WHERE {contact:String} = '' AND NOT voided AND {kind:String} IN ('case', 'survey', '')
        UNION ALL
        SELECT interaction_id FROM pult.disposition_facts FINAL
        WHERE {contact:String} = '' AND NOT voided AND {kind:String} IN ('disposition', 'survey', '')
        UNION ALL
        SELECT interaction_id FROM pult.card_facts FINAL WHERE {contact:String} = '' AND NOT voided AND {kind:String} IN ('survey', '')
        UNION ALL
        SELECT interaction_id FROM answers WHERE {contact:String} = '' AND interaction_id != ''
    ),
    -- Of each leg: id, agent, beginning and end of the talk (else of the wait) in ms, whether it was one.
    visits AS
    (
        SELECT tenant, domain, interaction_id,
            groupArray((leg_id, toString(agent_id), toUnixTimestamp64Milli(coalesce(answered_at, entered_at)),
                ifNull(toUnixTimestamp64Milli(coalesce(ended_at, if(answered_at IS NULL, left_at, NULL))), 9223372036854775807),
                answered_at IS NOT NULL)) AS legs
        FROM pult.legs
        WHERE interaction_id IN (SELECT contact FROM candidates)
        GROUP BY tenant, domain, interaction_id
    ),
    placed AS
    (
        SELECT
            f.*, toUnixTimestamp64Milli(f.near) AS near_ms,
            -- As the fold chooses: of the agent who is named; the nearest; answered; the later.
            multiIf(
                f.leg_id != '', arrayFilter(leg -> leg.1 = f.leg_id, v.legs),
                f.follows, arraySort(leg -> (f.agent_id != '' AND leg.2 != f.agent_id,
                    greatest(leg.3 - near_ms, near_ms - leg.4, 0), NOT leg.5, -leg.3, leg.1), v.legs),
                [])[1] AS leg
        FROM found AS f
        LEFT JOIN visits AS v ON f.tenant = v.tenant AND f.domain = v.domain AND f.contact = v.interaction_id
    )
SELECT
    tenant, domain, source, kind, id, at, agent_id, what, contact AS interaction_id,
    if(leg_id = '', leg.1, leg_id) AS leg_id, how AS matched_by,
    if(by_id AND leg.1 != '', 1., sure) AS confidence, if(leg.5, leg.2, '') AS served_by
FROM placed
COMMENT 'Which contact each thing is of that a CRM told: FROM crm_told(kind = ''survey'', contact = '''')';

-- The views of 0061 and 0064, each of which found these by itself, say what they are told here.
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
AS SELECT
    f.tenant AS tenant, f.domain AS domain, f.answer_id AS answer_id, f.source AS source, f.survey_id AS survey_id,
    f.answered_at AS answered_at, f.kind AS kind, f.score AS score, f.scale_min AS scale_min, f.scale_max AS scale_max,
    f.agent_id AS agent_id, f.case_id AS case_id, f.caller_key AS caller_key, t.interaction_id AS interaction_id, t.leg_id AS leg_id,
    t.matched_by AS matched_by, t.confidence AS confidence,
    row_number() OVER (
        PARTITION BY f.tenant, f.domain, f.source, if(f.survey_id = '', f.answer_id, f.survey_id)
        ORDER BY f.answered_at DESC, f.answer_id DESC) = 1 AS holds,
    f.revision AS revision, f.known_at AS known_at, t.served_by AS served_by
FROM (SELECT * FROM pult.survey_facts FINAL WHERE NOT voided) AS f
INNER JOIN pult.crm_told(kind = 'survey', contact = '') AS t ON f.tenant = t.tenant AND f.domain = t.domain AND f.answer_id = t.id
COMMENT 'Answers of customers; of those with one survey_id the last one holds, newest revision';

CREATE OR REPLACE VIEW pult.case_steps
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    step_id        String COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    case_id        String COMMENT 'The CRM''s id of the case',
    step           LowCardinality(String) COMMENT 'created assigned updated resolved reopened closed',
    at             DateTime64(3, 'UTC') COMMENT 'When it happened',
    agent_id       LowCardinality(String) COMMENT 'Agent, or empty',
    status         LowCardinality(String) COMMENT 'Status in the CRM''s own word, or empty',
    channel        LowCardinality(String) COMMENT 'How the customer came, where the case was created; or empty',
    caller_key     String COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String COMMENT 'Contact it is of, or empty',
    leg_id         String COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    f.tenant AS tenant, f.domain AS domain, f.step_id AS step_id, f.source AS source, f.case_id AS case_id, f.step AS step,
    f.at AS at, f.agent_id AS agent_id, f.status AS status, f.channel AS channel, f.caller_key AS caller_key,
    t.interaction_id AS interaction_id, t.leg_id AS leg_id, t.matched_by AS matched_by, t.confidence AS confidence,
    f.revision AS revision, f.known_at AS known_at
FROM (SELECT * FROM pult.case_step_facts FINAL WHERE NOT voided) AS f
INNER JOIN pult.crm_told(kind = 'case', contact = '') AS t ON f.tenant = t.tenant AND f.domain = t.domain AND f.step_id = t.id
COMMENT 'What happened to cases, each step with the contact it is of, newest revision';

CREATE OR REPLACE VIEW pult.dispositions
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    disposition_id String COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    set_at         DateTime64(3, 'UTC') COMMENT 'When it was set',
    code           LowCardinality(String) COMMENT 'What came of it, in a code of the CRM',
    name           LowCardinality(String) COMMENT 'What the CRM calls the code, or empty',
    agent_id       LowCardinality(String) COMMENT 'Agent, or empty',
    case_id        String COMMENT 'Case it is of, or empty',
    caller_key     String COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String COMMENT 'Contact it is of, or empty',
    leg_id         String COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    holds          Bool COMMENT 'No later one was set for the same contact, or for the same case where no contact was found',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    f.tenant AS tenant, f.domain AS domain, f.disposition_id AS disposition_id, f.source AS source, f.set_at AS set_at,
    f.code AS code, f.name AS name, f.agent_id AS agent_id, f.case_id AS case_id, f.caller_key AS caller_key,
    t.interaction_id AS interaction_id, t.leg_id AS leg_id, t.matched_by AS matched_by, t.confidence AS confidence,
    row_number() OVER (
        PARTITION BY f.tenant, f.domain, multiIf(
            t.interaction_id != '', concat('i', t.interaction_id),
            f.case_id != '', concat('c', f.source, ' ', f.case_id),
            f.disposition_id)
        ORDER BY f.set_at DESC, f.disposition_id DESC) = 1 AS holds,
    f.revision AS revision, f.known_at AS known_at
FROM (SELECT * FROM pult.disposition_facts FINAL WHERE NOT voided) AS f
INNER JOIN pult.crm_told(kind = 'disposition', contact = '') AS t ON f.tenant = t.tenant AND f.domain = t.domain AND f.disposition_id = t.id
COMMENT 'What came of contacts and cases; of each the last one holds, newest revision';
