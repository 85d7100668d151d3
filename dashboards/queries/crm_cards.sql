-- Cards by agent, beside the wrap-up that the PBX saw.
SELECT agent_id, cards, saved, dropped, filling_mean_ms, filling_p90_ms, after_talk_mean_ms, wrapup_mean_ms
FROM card_filling({shown}, zone = 'UTC')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY cards DESC, agent_id
LIMIT 100
