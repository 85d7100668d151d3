-- The database, and the memory of what was done to it.
--
-- Atomic, because the default database of an embedded engine is an overlay that knows neither
-- refreshable views nor renames. Everything below is CREATE ... IF NOT EXISTS, so a migration
-- that was cut off half-way is simply run again.
--
-- All tables remember 1000 insert tokens, so that a repeated insert is recognised (off unless set),
-- and remove merged parts with one thread: an embedded engine would start 128 of them for it.
CREATE DATABASE IF NOT EXISTS pult
ENGINE = Atomic
COMMENT 'Contact centre: events, and what Pult concludes from them';

-- A migration file is never edited after it was applied; its hash is kept to notice.
CREATE TABLE IF NOT EXISTS pult.migrations
(
    name       String COMMENT 'File name, e.g. 0001_database.sql',
    sha256     String COMMENT 'Hash of the file as applied',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree
ORDER BY (name)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'Migrations applied to this database';
