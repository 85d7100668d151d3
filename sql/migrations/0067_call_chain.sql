-- Everything about one customer's contact, in order, down to the events.
--
-- FROM call_chain(interaction_id = '1770109200.1')
--
-- What we concluded (visits, ringings, episodes of broken rules that name one of its events, and
-- what a CRM told that was found to be of it) and what was said by the sources, by instant. Events
-- of the PBX belong to it that name the contact, one that was merged into it (or into one of those,
-- to the end), or a channel of any, from an hour before its first visit to a day after it; events of
-- a CRM whenever they came. Asked by an id that was merged into another it tells of that one; asked
-- by an empty id, which is what things have that no contact was found for, of nothing.
--
-- What is needed in several places and is small (what a CRM told, which contacts and channels are
-- meant) is worked out once, as one value: the engine writes a name of WITH out wherever it stands,
-- and a person waits for the answer. Replaces the view of 0063, which took seconds.
CREATE OR REPLACE VIEW pult.call_chain
AS WITH RECURSIVE
    -- Whoever asks by an id that was merged into another means the one that took it in.
    coalesce(nullIf((SELECT max(interaction_id) FROM pult.merged_contacts WHERE from_id = {interaction_id:String}), ''), {interaction_id:String}) AS asked_for,
    -- What a CRM told long after a merge still has the id of before.
    (SELECT arrayFilter(id -> id != '', arrayPushBack(groupArray(from_id), asked_for)) FROM pult.merged_contacts WHERE interaction_id = asked_for) AS known_as,
    chosen AS
    (
        SELECT tenant, domain, leg_id, source, queue_id, agent_id, entered_at, answered_at, left_at, ended_at,
            outcome, wait_ms, talk_ms, ended_by, transferred_to, direction
        FROM pult.legs
        WHERE interaction_id = asked_for AND interaction_id != ''
    ),
    -- Its first entry, its last one, and whose it is.
    (SELECT (min(entered_at), max(entered_at), groupUniqArray((toString(tenant), toString(domain), toString(source)))) FROM chosen) AS bounds,
    near AS
    (
        SELECT tenant, domain, id, type, source, feed, occurred_at, sequence, interaction_id, queue_id, agent_id, data
        FROM pult.events FINAL
        WHERE occurred_at >= bounds.1 - INTERVAL 1 HOUR AND occurred_at < bounds.2 + INTERVAL 1 DAY
            AND (tenant, domain, source) IN (SELECT arrayJoin(bounds.3))
    ),
    merges AS
    (
        SELECT JSONExtractString(data, 'from_id') AS from_id, JSONExtractString(data, 'into_id') AS into_id
        FROM near
        WHERE type = 'cc.interaction.merged.v1'
    ),
    -- path keeps contacts that name each other from going round for ever.
    contacts AS
    (
        SELECT asked_for AS contact, [asked_for] AS path
        UNION ALL
        SELECT m.from_id AS contact, arrayPushBack(c.path, m.from_id) AS path
        FROM merges AS m
        INNER JOIN contacts AS c ON m.into_id = c.contact
        WHERE NOT has(c.path, m.from_id)
    ),
    (SELECT groupUniqArray(contact) FROM contacts) AS all_contacts,
    (SELECT groupUniqArray(JSONExtractString(data, 'channel_id')) FROM near WHERE has(all_contacts, interaction_id)) AS channels,
    said AS
    (
        SELECT *, JSONExtractString(data, 'channel_id') AS channel FROM near
        WHERE has(all_contacts, interaction_id)
            OR (channel != '' AND has(channels, channel))
            OR (type = 'cc.interaction.merged.v1' AND has(all_contacts, JSONExtractString(data, 'into_id')))
    ),
    fillings AS
    (
        SELECT
            tenant, domain, source, card_id, agent_id, opened_at, saved_at, closed_at, matched_by, confidence,
            began_at, greatest(began_at, opened_at, saved_at, closed_at) AS touched_at
        FROM pult.cards
        WHERE has(known_as, interaction_id)
    ),
    -- What a CRM told in one event each; id is that of the event.
    (SELECT groupArray((toString(tenant), toString(domain), toString(source), kind, what, at, toString(agent_id), id,
        toString(matched_by), confidence)) FROM pult.crm_told(kind = '', contact = {interaction_id:String}) WHERE {interaction_id:String} != '') AS all_told,
    said_by_crm AS
    (
        SELECT e.tenant AS tenant, e.domain AS domain, e.occurred_at AS occurred_at, e.type AS type,
            e.agent_id AS agent_id, e.id AS id, e.feed AS feed, e.sequence AS sequence, e.data AS data
        FROM pult.events AS e FINAL
        WHERE e.occurred_at >= arrayMin(all_told.6) AND e.occurred_at <= arrayMax(all_told.6)
            AND has(arrayZip(all_told.1, all_told.2, all_told.3, all_told.8),
                (toString(e.tenant), toString(e.domain), toString(e.source), e.id))
        UNION ALL
        SELECT e.tenant, e.domain, e.occurred_at, e.type, e.agent_id, e.id, e.feed, e.sequence, e.data
        FROM (SELECT *, JSONExtractString(data, 'card_id') AS card_id FROM pult.events FINAL
            WHERE startsWith(toString(type), 'cc.card.')
                AND occurred_at >= (SELECT minOrNull(began_at) FROM fillings)
                AND occurred_at <= (SELECT maxOrNull(touched_at) FROM fillings)) AS e
        INNER JOIN fillings AS f ON e.tenant = f.tenant AND e.domain = f.domain AND e.source = f.source
            AND e.card_id = f.card_id
        WHERE e.occurred_at BETWEEN f.began_at AND f.touched_at
    )
SELECT tenant, domain, at, kind, what, queue_id, agent_id, id, feed, place, detail
FROM
(
    SELECT toString(tenant) AS tenant, toString(domain) AS domain, occurred_at AS at, 'event' AS kind,
        toString(type) AS what, toString(queue_id) AS queue_id, toString(agent_id) AS agent_id, id,
        toString(feed) AS feed, sequence AS place, data AS detail
    FROM said
    UNION ALL
    SELECT toString(tenant), toString(domain), occurred_at, 'event', toString(type), '', toString(agent_id), id,
        toString(feed), sequence, data
    FROM said_by_crm
    UNION ALL
    SELECT each.1, each.2, each.6, each.4, each.5, '', each.7, each.8, '', -1,
        concat('by ', each.9, ', confidence ', toString(each.10))
    FROM (SELECT arrayJoin(all_told) AS each)
    UNION ALL
    SELECT toString(tenant), toString(domain), each.2, 'card', concat(card_id, ' ', each.1), '', toString(agent_id),
        card_id, '', -1, concat('by ', matched_by, ', confidence ', toString(confidence))
    FROM
    (
        SELECT *, arrayJoin([('opened', opened_at), ('saved', saved_at), ('closed', closed_at)]) AS each FROM fillings
    )
    WHERE each.2 IS NOT NULL
    UNION ALL
    SELECT toString(tenant), toString(domain), each.2, 'leg', each.1, toString(queue_id), toString(agent_id), leg_id,
        '', each.3, each.4
    FROM
    (
        SELECT *, arrayJoin([
            ('entered', toNullable(entered_at), -1, direction::String),
            ('answered', answered_at, -1, concat('wait_ms ', toString(wait_ms))),
            ('left', if(answered_at IS NULL, left_at, NULL), -1, concat(outcome, ', wait_ms ', toString(wait_ms))),
            ('ended', if(answered_at IS NULL, NULL, ended_at), -1, concat('by ', ended_by, if(transferred_to = '', '', concat(', to ', transferred_to))))
            ]) AS each
        FROM chosen
    )
    WHERE each.2 IS NOT NULL
    UNION ALL
    SELECT toString(tenant), toString(domain), each.2, 'offer', each.1, toString(queue_id), toString(agent_id), offer_id,
        '', -1, each.3
    FROM
    (
        SELECT *, arrayJoin([('rings', toNullable(started_at), ''), (result::String, ended_at, concat('ring_ms ', toString(ring_ms)))]) AS each
        FROM pult.offers
        WHERE interaction_id = asked_for AND interaction_id != ''
    )
    WHERE each.2 IS NOT NULL
    UNION ALL
    SELECT toString(tenant), toString(domain), pending_at, 'violation', concat(code, ' ', state), toString(queue_id),
        toString(agent_id), episode_id, '', -1, evidence
    FROM pult.violations
    WHERE state != 'voided' AND (hasAny(JSONExtract(evidence, 'events', 'Array(String)'), (SELECT groupArray(id) FROM said))
        OR hasAny(JSONExtract(evidence, 'legs', 'Array(String)'), (SELECT groupArray(leg_id) FROM chosen)))
)
-- What was concluded of an instant stands before what was said at it.
ORDER BY at, kind = 'event', place, id
COMMENT 'One contact in order: FROM call_chain(interaction_id = ''...'')';
