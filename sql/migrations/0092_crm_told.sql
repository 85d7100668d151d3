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
-- Replaces the view of 0066, in which an answer was of the visit that was nearest, though its caller
-- had given up there and talked to somebody before.
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
            follows AS by_id, at AS near, step != 'created' AS is_loose
        FROM pult.case_step_facts FINAL
        WHERE {kind:String} IN ('case', '') AND NOT voided
        UNION ALL
        SELECT tenant, domain, source, 'disposition', disposition_id, set_at, agent_id, if(name = '', code, name),
            interaction_id, leg_id, toString(matched_by) AS how, confidence, how = 'id' AND leg_id = '' AS follows,
            follows, set_at, false
        FROM pult.disposition_facts FINAL
        WHERE {kind:String} IN ('disposition', '') AND NOT voided
        UNION ALL
        SELECT s.tenant, s.domain, s.source, 'survey', s.answer_id, s.answered_at, s.agent_id, concat(s.kind, ' ', toString(s.score)),
            if(s.matched_by != '', s.interaction_id, c.contact.1) AS named, s.leg_id,
            if(s.matched_by = '' AND named != '', 'case', toString(s.matched_by)) AS how,
            if(how = 'case', c.contact.3, s.confidence),
            how IN ('id', 'case') AS follows, if(how = 'case', c.contact.2, toString(s.matched_by)) = 'id',
            if(how = 'case', c.told_at, s.answered_at), true
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
            -- As the fold chooses: of the agent who is named; a talk, if it is told whenever; the nearest; answered; the later.
            multiIf(
                f.leg_id != '', arrayFilter(leg -> leg.1 = f.leg_id, v.legs),
                f.follows, arraySort(leg -> (f.agent_id != '' AND leg.2 != f.agent_id, f.is_loose AND NOT leg.5,
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
