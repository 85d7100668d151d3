-- Of the cases that ended within the shown time, those resolved once, by one contact at most.
SELECT countIf(resolved_at_first) / nullIf(count(), 0) AS value
FROM cases
WHERE $__timeFilter(resolved_at) AND NOT is_open AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
HAVING isNotNull(value)
