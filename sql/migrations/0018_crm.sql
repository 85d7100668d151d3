-- What CRMs tell, each with the contact it was found to be of: cards, cases, dispositions, answers.
--
-- A contact that becomes known late revises the row: the newest revision holds. A key that is an
-- id alone has no partitions by time, for its time may be told otherwise later.

CREATE TABLE IF NOT EXISTS pult.card_facts
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    card_id        String CODEC(ZSTD(1)) COMMENT 'The CRM''s id of the card',
    agent_id       LowCardinality(String) COMMENT 'Agent who filled it in',
    began_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'First that was told of this filling: its opening, unless that was lost',
    opened_at      Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When the card was opened; NULL if that was lost',
    saved_at       Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was saved last; NULL if never',
    closed_at      Nullable(DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was closed; NULL while open, or if that was lost',
    saves          Int64 COMMENT 'How often it was saved',
    fields_filled  Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'How many fields were filled in; NULL where the CRM does not say',
    filling_ms     Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'From the opening to the last save, or to the closing of what was never saved [ms]',
    form           LowCardinality(String) COMMENT 'Which kind of card, or empty',
    case_id        String CODEC(ZSTD(1)) COMMENT 'Case it is of, or empty',
    caller_key     String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Contact it is of, or empty',
    leg_id         String CODEC(ZSTD(1)) COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided         Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(began_at)
ORDER BY (tenant, domain, card_id, source, agent_id, began_at)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every filling of a card after a merge or with FINAL; read cards';

CREATE VIEW IF NOT EXISTS pult.cards
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    card_id        String COMMENT 'The CRM''s id of the card',
    agent_id       LowCardinality(String) COMMENT 'Agent who filled it in',
    began_at       DateTime64(3, 'UTC') COMMENT 'First that was told of this filling: its opening, unless that was lost',
    opened_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'When the card was opened; NULL if that was lost',
    saved_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was saved last; NULL if never',
    closed_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was closed; NULL while open, or if that was lost',
    saves          Int64 COMMENT 'How often it was saved',
    fields_filled  Nullable(Int64) COMMENT 'How many fields were filled in; NULL where the CRM does not say',
    filling_ms     Nullable(Int64) COMMENT 'From the opening to the last save, or to the closing of what was never saved [ms]',
    form           LowCardinality(String) COMMENT 'Which kind of card, or empty',
    case_id        String COMMENT 'Case it is of, or empty',
    caller_key     String COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String COMMENT 'Contact it is of, or empty',
    leg_id         String COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') COMMENT 'When that log entry was received'
)
AS SELECT
    tenant, domain, source, card_id, agent_id, began_at, opened_at, saved_at, closed_at, saves,
    fields_filled, filling_ms, form, case_id, caller_key, interaction_id, leg_id, matched_by,
    confidence, revision, known_at
FROM pult.card_facts FINAL
WHERE NOT voided
COMMENT 'One filling of a card by one agent: from its opening to its closing, or to its next opening, newest revision';

CREATE TABLE IF NOT EXISTS pult.case_step_facts
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    step_id        String CODEC(ZSTD(1)) COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    case_id        String CODEC(ZSTD(1)) COMMENT 'The CRM''s id of the case',
    step           LowCardinality(String) COMMENT 'created assigned updated resolved reopened closed',
    at             DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it happened',
    agent_id       LowCardinality(String) COMMENT 'Agent, or empty',
    status         LowCardinality(String) COMMENT 'Status in the CRM''s own word, or empty',
    channel        LowCardinality(String) COMMENT 'How the customer came, where the case was created; or empty',
    caller_key     String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Contact it is of, or empty',
    leg_id         String CODEC(ZSTD(1)) COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided         Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, step_id)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every step of a case after a merge or with FINAL; read case_steps';

CREATE VIEW IF NOT EXISTS pult.case_steps
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
    tenant, domain, step_id, source, case_id, step, at, agent_id, status, channel, caller_key,
    interaction_id, leg_id, matched_by, confidence, revision, known_at
FROM pult.case_step_facts FINAL
WHERE NOT voided
COMMENT 'What happened to cases, each step with the contact it is of, newest revision';

CREATE TABLE IF NOT EXISTS pult.disposition_facts
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    disposition_id String CODEC(ZSTD(1)) COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    set_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When it was set',
    code           LowCardinality(String) COMMENT 'What came of it, in a code of the CRM',
    name           LowCardinality(String) COMMENT 'What the CRM calls the code, or empty',
    agent_id       LowCardinality(String) COMMENT 'Agent, or empty',
    case_id        String CODEC(ZSTD(1)) COMMENT 'Case it is of, or empty',
    caller_key     String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Contact it is of, or empty',
    leg_id         String CODEC(ZSTD(1)) COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided         Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, disposition_id)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every disposition after a merge or with FINAL; read dispositions';

CREATE VIEW IF NOT EXISTS pult.dispositions
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
    tenant, domain, disposition_id, source, set_at, code, name, agent_id, case_id, caller_key,
    interaction_id, leg_id, matched_by, confidence,
    row_number() OVER (
        PARTITION BY tenant, domain, multiIf(
            interaction_id != '', concat('i', interaction_id),
            case_id != '', concat('c', source, ' ', case_id),
            disposition_id)
        ORDER BY set_at DESC, disposition_id DESC) = 1 AS holds,
    revision, known_at
FROM pult.disposition_facts FINAL
WHERE NOT voided
COMMENT 'What came of contacts and cases; of each the last one holds, newest revision';

CREATE TABLE IF NOT EXISTS pult.survey_facts
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    answer_id      String CODEC(ZSTD(1)) COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    survey_id      String CODEC(ZSTD(1)) COMMENT 'The CRM''s id of the answer, or empty',
    answered_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When the customer answered',
    kind           LowCardinality(String) COMMENT 'csat nps ces',
    score          Float64 COMMENT 'What he gave',
    scale_min      Float64 COMMENT 'Lowest that he could give',
    scale_max      Float64 COMMENT 'Highest that he could give',
    agent_id       LowCardinality(String) COMMENT 'Agent that the CRM names, or empty',
    case_id        String CODEC(ZSTD(1)) COMMENT 'Case it is of, or empty',
    caller_key     String CODEC(ZSTD(1)) COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String CODEC(ZSTD(1)) COMMENT 'Contact it is of, or empty',
    leg_id         String CODEC(ZSTD(1)) COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    revision       Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position that caused this revision; the highest is in force',
    known_at       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When that log entry was received',
    voided         Bool COMMENT 'The fact no longer holds; views hide it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, domain, answer_id)
SETTINGS non_replicated_deduplication_window = 10000, concurrent_part_removal_threshold = 100000
COMMENT 'Newest revision of every answer of a customer after a merge or with FINAL; read surveys';

CREATE VIEW IF NOT EXISTS pult.surveys
(
    tenant         LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain         LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    answer_id      String COMMENT 'Id of the event that told it',
    source         LowCardinality(String) COMMENT 'CRM that told it',
    survey_id      String COMMENT 'The CRM''s id of the answer, or empty',
    answered_at    DateTime64(3, 'UTC') COMMENT 'When the customer answered',
    kind           LowCardinality(String) COMMENT 'csat nps ces',
    score          Float64 COMMENT 'What he gave',
    scale_min      Float64 COMMENT 'Lowest that he could give',
    scale_max      Float64 COMMENT 'Highest that he could give',
    agent_id       LowCardinality(String) COMMENT 'Agent that the CRM names, or empty',
    case_id        String COMMENT 'Case it is of, or empty',
    caller_key     String COMMENT 'Keyed hash of the caller''s number, or empty',
    interaction_id String COMMENT 'Contact it is of, or empty',
    leg_id         String COMMENT 'Leg of that contact, or empty',
    matched_by     LowCardinality(String) COMMENT 'How the contact was found: id (the PBX told it to the CRM), agent (and time), caller; or empty',
    confidence     Nullable(Float64) COMMENT 'How sure that is, 0 to 1; from 0.8 on it may be counted unseen; NULL where none was found',
    holds          Bool COMMENT 'The customer has not answered the same survey again',
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
WHERE NOT voided
COMMENT 'Answers of customers; of those with one survey_id the last one holds, newest revision';

CREATE VIEW IF NOT EXISTS pult.cases
(
    tenant            LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain            LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    source            LowCardinality(String) COMMENT 'CRM that told it',
    case_id           String COMMENT 'The CRM''s id of the case',
    created_at        Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was created; NULL if that was not told',
    first_at          DateTime64(3, 'UTC') COMMENT 'First that was told of it',
    resolved_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was resolved or closed last; NULL while open',
    first_resolved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was resolved or closed first; NULL if never',
    reopens           UInt64 COMMENT 'How often it was open again after it had been resolved or closed',
    is_open           Bool COMMENT 'It is not resolved or closed at present',
    resolved_at_first Nullable(Bool) COMMENT 'Resolved, never reopened, and by one contact at most; NULL while open',
    status            String COMMENT 'Last status in the CRM''s own word, or empty',
    channel           String COMMENT 'How the customer came, or empty',
    agent_id          String COMMENT 'Agent whom it was given to last, or empty',
    resolved_by       String COMMENT 'Agent who resolved or closed it last, or empty',
    interaction_id    String COMMENT 'Contact it began with, or empty',
    confidence        Nullable(Float64) COMMENT 'How sure that is, 0 to 1; NULL where none was found',
    contacts          UInt64 COMMENT 'Different contacts that its steps were found to be of',
    steps             UInt64 COMMENT 'Steps told'
)
AS WITH
    -- In the order of time; what is told twice in a row happened once.
    arraySort(groupArrayIf((moment, indexOf(['created', 'reopened', 'resolved', 'closed'], step),
        ends), step NOT IN ('updated', 'assigned'))) AS told,
    arrayFilter((turn, place) -> place = 1 OR turn.3 != told[place - 1].3,
        told, arrayEnumerate(told)) AS turns
SELECT
    tenant, domain, source, case_id,
    minOrNullIf(moment, step = 'created') AS created_at,
    min(moment) AS first_at,
    if(is_open, NULL, turns[-1].1) AS resolved_at,
    minOrNullIf(moment, ends) AS first_resolved_at,
    toUInt64(arrayCount((turn, place) -> NOT turn.3 AND (place > 1 OR turn.2 = 2),
        turns, arrayEnumerate(turns))) AS reopens,
    CAST(empty(turns) OR NOT turns[-1].3, 'Bool') AS is_open,
    if(is_open, NULL, CAST(reopens = 0 AND contacts <= 1, 'Bool')) AS resolved_at_first,
    argMaxIf(word, (moment, step_id), word != '') AS status,
    argMaxIf(came_by, (moment, step_id), came_by != '') AS channel,
    argMaxIf(whom, (moment, step_id), step IN ('created', 'assigned')) AS agent_id,
    argMaxIf(whom, (moment, step_id), ends AND whom != '') AS resolved_by,
    argMinIf(contact, (moment, step_id), contact != '') AS interaction_id,
    argMinIf(sure, (moment, step_id), contact != '') AS confidence,
    uniqExactIf(contact, contact != '') AS contacts,
    count() AS steps
FROM
(
    SELECT
        tenant, domain, source, case_id, step, step_id, at AS moment, status AS word,
        channel AS came_by, agent_id AS whom, interaction_id AS contact, confidence AS sure,
        step IN ('resolved', 'closed') AS ends
    FROM pult.case_steps
)
GROUP BY tenant, domain, source, case_id
COMMENT 'Cases as they stand, by all that was told of them';
