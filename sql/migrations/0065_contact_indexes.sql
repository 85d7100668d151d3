-- By which contact something is found: people ask for one of millions, and no sorting key has its id.
--
-- A granule of 8,192 rows says by a Bloom filter whether the id may be in it (one in a thousand says
-- so wrongly), for 2 to 3 bytes a row; of events, which types are in it, so that merges of contacts, which are rare, are
-- found without reading the rest. What is stored already gets its indexes when the store is first
-- opened: some seconds for a million rows.
ALTER TABLE pult.events ADD INDEX IF NOT EXISTS of_contact interaction_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE pult.events ADD INDEX IF NOT EXISTS kinds type TYPE set(64) GRANULARITY 1;
ALTER TABLE pult.leg_facts ADD INDEX IF NOT EXISTS of_contact interaction_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE pult.offer_facts ADD INDEX IF NOT EXISTS of_contact interaction_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE pult.events MATERIALIZE INDEX of_contact;
ALTER TABLE pult.events MATERIALIZE INDEX kinds;
ALTER TABLE pult.leg_facts MATERIALIZE INDEX of_contact;
ALTER TABLE pult.offer_facts MATERIALIZE INDEX of_contact;
