-- The metric dictionary, so that who reads a figure here finds its definition beside it.
--
-- Filled by the migration command from the program; a definition that is gone is removed.
CREATE TABLE IF NOT EXISTS pult.metrics
(
    name        String COMMENT 'Name of the figure',
    unit        LowCardinality(String) COMMENT 'ratio, seconds, count, ...',
    means       String COMMENT 'What it tells, in one sentence',
    formula     String COMMENT 'How it is counted',
    attribution String COMMENT 'To which interval, queue or agent it is booked',
    empty       String COMMENT 'What is shown when there is nothing to count',
    source      String COMMENT 'Who says so: standard, vendor or own definition',
    version     LowCardinality(String) COMMENT 'Version of the definition'
)
ENGINE = ReplacingMergeTree
ORDER BY (name)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Definitions of all figures shown anywhere';
