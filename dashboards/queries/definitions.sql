-- The service level of each queue by every definition, those of one queue one below the other; a queue
-- that several sites have is told apart, for ratios are not added up.
SELECT queue_id, if(uniqExact(tenant, domain) OVER (PARTITION BY queue_id) > 1, domain, '') AS site,
    each.2 AS definition, each.3 AS level
FROM service_levels({shown}, zone = 'UTC', step = 'all', answer_within = ${answer_within:sqlstring}, short_abandon = ${short_abandon:sqlstring})
ARRAY JOIN [
    {definitions}
] AS each
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    AND $__conditionalAll(queue_id IN (${queue:singlequote}), $queue)
ORDER BY queue_id, site, each.1
