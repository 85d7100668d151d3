-- Answers of customers, as in 0018, without those that their scale does not have: they are rejected
-- today, but stand in histories of earlier programs. Replaces the view of 0018.
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
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    holds          Bool COMMENT 'Nothing was told later under the same survey_id',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, answer_id, source, survey_id, answered_at, kind, score, scale_min,
    scale_max, agent_id, case_id, caller_key, interaction_id, leg_id, matched_by, confidence,
    row_number() OVER (
        PARTITION BY tenant, domain, source, if(survey_id = '', answer_id, survey_id)
        ORDER BY answered_at DESC, answer_id DESC) = 1 AS holds,
    revision, known_at
FROM pult.survey_facts FINAL
WHERE NOT voided AND scale_min < scale_max AND score >= scale_min AND score <= scale_max
COMMENT 'Answers of customers; of those with one survey_id the last one holds, newest revision';
