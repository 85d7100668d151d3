-- Two months of calls, a day at a time; months.py writes in what stands in braces. First comes where the n-th call
-- of the history stands: its day, the ms at which it entered, and what is drawn by it (a hash, the same in
-- each run); all others read it, as "calls".
SELECT
        number AS n, cityHash64(n) AS drawn,
        intDiv(n, {a_day}) AS day,
        toInt64({begin}) + day * 86400000 + 21600000
            + intDiv((n % {a_day}) * 43200000, {a_day}) + drawn % 700 AS at_ms,
        n % 10 = 9 AS second,
        n >= {a_day} * {days} - 10 AS still,
        bitShiftRight(drawn, 8) % 7 = 0 AND NOT still AS lost,
        toInt64(2000 + bitShiftRight(drawn, 12) % 60000) AS wait,
        toInt64(30000 + bitShiftRight(drawn, 20) % 300000) AS talk,
        fromUnixTimestamp64Milli(at_ms, 'UTC') AS entered,
        fromUnixTimestamp64Milli(at_ms + wait, 'UTC') AS left,
        fromUnixTimestamp64Milli(at_ms + wait + talk, 'UTC') AS ended,
        concat('leg', leftPad(hex(drawn), 16, '0')) AS leg,
        concat(toString(intDiv({begin}, 1000)), '.', toString(if(second, n - 1, n))) AS contact,
        concat('queue', toString(bitShiftRight(drawn, 30) % {queues})) AS queue,
        concat('agent', toString(n % {agents})) AS agent,
        toString(cityHash64(bitShiftRight(drawn, 16) % 700000)) AS caller
    FROM numbers({a_day} * {day}, {a_day});

-- Told twice: as it began, and once it was over.
INSERT INTO pult.leg_history
SELECT 'demo', 'demo', toStartOfSecond(entered), 'pbx1', leg, contact, queue,
    ['voice', 'voice', 'voice', 'chat', 'email'][1 + n % 5], 'in', caller, 0, entered,
    if({over} AND NOT lost, left, NULL), if({over}, left, NULL), if({over} AND NOT lost, ended, NULL),
    multiIf(NOT {over}, 'waiting', lost, 'abandoned', 'answered'),
    if({over}, wait, NULL), if({over} AND NOT lost, 3000, NULL), if({over} AND NOT lost, talk, NULL),
    NULL, if({over} AND NOT lost, 15000, NULL), if({over} AND NOT lost, agent, ''),
    if({over}, 'caller', ''), '', if({over} AND NOT lost AND second, 'blind', ''), 1, 20000, 5000,
    'source', n * 5 + if({over}, 4, 0), if({over}, ended, entered), false
FROM ({calls}) WHERE NOT ({over} AND still);

INSERT INTO pult.events
SELECT 'demo', 'demo', lower(hex(cityHash64(n, place))),
    ['cc.queue.entered.v1', 'cc.offer.started.v1', 'cc.offer.ended.v1', if(lost, 'cc.queue.left.v1', 'cc.leg.connected.v1'),
        if(lost, 'cc.interaction.ended.v1', 'cc.leg.ended.v1')][place],
    'pbx1', 'ami', fromUnixTimestamp64Milli(at_ms + [0, 1000, wait - 1, wait, wait + if(lost, 10, talk)][place] AS told_ms, 'UTC'),
    fromUnixTimestamp64Milli(told_ms + 5, 'UTC'), n * 5 + place, 1, 'source', '', contact,
    queue, if(place = 1, '', agent),
    concat('{{"channel_id":"SIP/in-', toString(n), '","position":1,"unique_id":"', contact, '"}}'),
    0, n * 5 + place
FROM ({calls})
ARRAY JOIN range(1, if(still, 2, 6)) AS place;

INSERT INTO pult.offer_facts (tenant, domain, offer_id, leg_id, interaction_id, source, queue_id, agent_id,
    started_at, ended_at, result, ring_ms, revision, known_at, voided)
SELECT 'demo', 'demo', concat('offer', leg), leg, contact, 'pbx1', queue, agent,
    entered + INTERVAL 1 SECOND, left, if(lost, 'no_answer', 'answered'), wait - 1000, n * 5, left, false
FROM ({calls}) WHERE NOT still;

-- Each agent has every 300th call, 390 s after the one before: states follow one upon the other.
INSERT INTO pult.agent_state_facts (tenant, domain, agent_id, state, reason, started_at, ended_at, duration_ms,
    revision, known_at, voided)
SELECT 'demo', 'demo', agent, each.1, '', fromUnixTimestamp64Milli(at_ms + each.2, 'UTC'),
    fromUnixTimestamp64Milli(at_ms + each.3, 'UTC'), each.3 - each.2, n * 5, ended, false
FROM ({calls})
ARRAY JOIN [('ready', toInt64(0), toInt64(2000)), ('reserved', 2000, 5000), ('talking', 5000, 5000 + talk),
    ('wrapup', 5000 + talk, 20000 + talk)] AS each;

INSERT INTO pult.break_facts (tenant, domain, agent_id, reason, started_at, ended_at, duration_ms,
    revision, known_at, voided)
SELECT 'demo', 'demo', agent, ['lunch', 'coffee', 'training'][1 + drawn % 3], entered,
    entered + INTERVAL 10 MINUTE, 600000, n * 5, entered, false
FROM ({calls}) WHERE (n % {a_day}) < {agents} * 4;

-- One call in fifty leads to a case, and is judged by its customer a day later: half by the PBX's id, half by that case.
INSERT INTO pult.survey_facts
SELECT 'demo', 'demo', hex(cityHash64(n, 'answer')), 'crm', concat('survey', toString(n)), entered + INTERVAL 1 DAY,
    'csat', 1 + drawn % 5, 1, 5, '', if(n % 100 = 0, '', concat('case', toString(n))), '',
    if(n % 100 = 0, contact, ''), '', if(n % 100 = 0, 'id', ''), if(n % 100 = 0, 0.9, NULL), n * 5, entered, false
FROM ({calls}) WHERE n % 50 = 0;

INSERT INTO pult.case_step_facts
SELECT 'demo', 'demo', hex(cityHash64(n, 'case')), 'crm', concat('case', toString(n)), 'created', ended, agent, '',
    'phone', '', contact, leg, 'id', 0.9, n * 5, entered, false
FROM ({calls}) WHERE n % 50 = 0
