-- What came of contacts and cases, the most frequent first.
SELECT source, code, name, times, share, contacts
FROM disposition_report({shown}, zone = 'UTC')
WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY times DESC, source, code
LIMIT 100
