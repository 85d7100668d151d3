-- States of the fold at local midnights, so that a day can be folded again without all before it.
--
-- A checkpoint holds exactly the events before its midnight, in the order occurred_at, source,
-- feed, sequence. One event before it that came later makes it void: either a voided row says so,
-- or the table events holds an older event of a higher log position than the checkpoint's.
-- Thrown away, they cost time and nothing else.
CREATE TABLE IF NOT EXISTS pult.checkpoints
(
    tenant     LowCardinality(String) COMMENT 'Whose contact centre it is',
    domain     LowCardinality(String) COMMENT 'Unit of order: the tenant, or tenant/site',
    midnight   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Local midnight: the state holds the events before it, none of it or after',
    day        Date COMMENT 'Local day that begins then',
    position   Int64 CODEC(Delta, ZSTD(1)) COMMENT 'Log position up to which the history was complete; facts before midnight are as of then',
    definition LowCardinality(String) COMMENT 'Shape and meaning of the state; of another definition it is not used',
    policies   LowCardinality(String) COMMENT 'Hash of the targets and teams it was folded under; under others it is not used',
    made_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When it was made',
    state      String CODEC(NONE) COMMENT 'The state: msgpack, zstd',
    checksum   String COMMENT 'Hash of the column state',
    voided     Bool COMMENT 'It no longer holds'
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, domain, midnight)
SETTINGS non_replicated_deduplication_window = 1000, concurrent_part_removal_threshold = 100000
COMMENT 'States to begin a re-fold from, one for each domain and local midnight';
