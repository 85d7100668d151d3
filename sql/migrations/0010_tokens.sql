-- Insert tokens are remembered for longer: the last 10000 of each table.
--
-- A sink that was killed repeats its last inserts when it is back. Meanwhile others go on, each
-- with several inserts a second for every partition of the log: a thousand tokens are then
-- forgotten within half a minute, ten thousand within five.
ALTER TABLE pult.events MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.leg_history MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.leg_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.offer_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.agent_session_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.agent_state_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.break_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.wall_sample_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.team_sample_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.rejected_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE pult.dirty_day_facts MODIFY SETTING non_replicated_deduplication_window = 10000;
