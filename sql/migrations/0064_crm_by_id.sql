-- Steps of cases and dispositions, as in 0018; a call whose id is told is found whenever it was.
--
-- A case goes on for days. The fold, which forgets calls after some hours, leaves such an id as it
-- was told; here it leads to the visit, by way of merges, as in surveys. Replaces two views of 0018.
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
AS WITH
    named AS
    (
        SELECT f.*, f.matched_by = 'id' AND f.leg_id = '' AS is_late,
            if(is_late AND m.interaction_id != '', m.interaction_id, f.interaction_id) AS contact
        FROM (SELECT * FROM pult.case_step_facts FINAL WHERE NOT voided) AS f
        LEFT JOIN pult.merged_contacts AS m ON f.tenant = m.tenant AND f.domain = m.domain AND f.interaction_id = m.from_id
    ),
    -- Of each leg: id, agent, beginning and end of the talk (else of the wait) in ms, whether it was one.
    visits AS
    (
        SELECT tenant, domain, interaction_id,
            groupArray((leg_id, toString(agent_id), toUnixTimestamp64Milli(coalesce(answered_at, entered_at)),
                ifNull(toUnixTimestamp64Milli(coalesce(ended_at, if(answered_at IS NULL, left_at, NULL))), 9223372036854775807),
                answered_at IS NOT NULL)) AS legs
        FROM pult.legs
        WHERE interaction_id IN (SELECT contact FROM named WHERE is_late)
        GROUP BY tenant, domain, interaction_id
    ),
    -- As the fold chooses: of the agent who is named; the nearest; answered; the later.
    placed AS
    (
        SELECT n.*, toUnixTimestamp64Milli(n.at) AS near_ms,
            if(n.is_late, arraySort(leg -> (n.agent_id != '' AND leg.2 != n.agent_id,
                greatest(leg.3 - near_ms, near_ms - leg.4, 0), NOT leg.5, -leg.3, leg.1), v.legs)[1].1, '') AS found
        FROM named AS n
        LEFT JOIN visits AS v ON n.tenant = v.tenant AND n.domain = v.domain AND n.contact = v.interaction_id
    )
SELECT
    tenant, domain, step_id, source, case_id, step, at, agent_id, status, channel, caller_key,
    contact AS interaction_id, if(found != '', found, leg_id) AS leg_id, matched_by,
    if(found != '', 1., confidence) AS confidence, revision, known_at
FROM placed
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
AS WITH
    named AS
    (
        SELECT f.*, f.matched_by = 'id' AND f.leg_id = '' AS is_late,
            if(is_late AND m.interaction_id != '', m.interaction_id, f.interaction_id) AS contact
        FROM (SELECT * FROM pult.disposition_facts FINAL WHERE NOT voided) AS f
        LEFT JOIN pult.merged_contacts AS m ON f.tenant = m.tenant AND f.domain = m.domain AND f.interaction_id = m.from_id
    ),
    -- Of each leg: id, agent, beginning and end of the talk (else of the wait) in ms, whether it was one.
    visits AS
    (
        SELECT tenant, domain, interaction_id,
            groupArray((leg_id, toString(agent_id), toUnixTimestamp64Milli(coalesce(answered_at, entered_at)),
                ifNull(toUnixTimestamp64Milli(coalesce(ended_at, if(answered_at IS NULL, left_at, NULL))), 9223372036854775807),
                answered_at IS NOT NULL)) AS legs
        FROM pult.legs
        WHERE interaction_id IN (SELECT contact FROM named WHERE is_late)
        GROUP BY tenant, domain, interaction_id
    ),
    -- As the fold chooses: of the agent who is named; the nearest; answered; the later.
    placed AS
    (
        SELECT n.*, toUnixTimestamp64Milli(n.set_at) AS near_ms,
            if(n.is_late, arraySort(leg -> (n.agent_id != '' AND leg.2 != n.agent_id,
                greatest(leg.3 - near_ms, near_ms - leg.4, 0), NOT leg.5, -leg.3, leg.1), v.legs)[1].1, '') AS found
        FROM named AS n
        LEFT JOIN visits AS v ON n.tenant = v.tenant AND n.domain = v.domain AND n.contact = v.interaction_id
    )
SELECT
    tenant, domain, disposition_id, source, set_at, code, name, agent_id, case_id, caller_key,
    contact AS interaction_id, if(found != '', found, leg_id) AS leg_id, matched_by,
    if(found != '', 1., confidence) AS confidence,
    row_number() OVER (
        PARTITION BY tenant, domain, multiIf(
            contact != '', concat('i', contact),
            case_id != '', concat('c', source, ' ', case_id),
            disposition_id)
        ORDER BY set_at DESC, disposition_id DESC) = 1 AS holds,
    revision, known_at
FROM placed
COMMENT 'What came of contacts and cases; of each the last one holds, newest revision';
