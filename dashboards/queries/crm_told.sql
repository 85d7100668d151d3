-- What CRMs told last, each with the contact that it was found to be of.
SELECT at, kind, what, agent_id, interaction_id
FROM
(
    SELECT tenant, at, kind, id, what, agent_id, interaction_id
    FROM crm_told(kind = '', contact = '')
    WHERE $__timeFilter(at)
    UNION ALL
    SELECT tenant, began_at, 'card', card_id, card_id, agent_id, interaction_id
    FROM cards
    WHERE $__timeFilter(began_at)
)
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY at DESC, kind, id
LIMIT 100
