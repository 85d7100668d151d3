"""Each metric that a board shows, said a second time: in SQL, from legs, states and events.

Nothing here reads a stored copy of a figure. A row gives the labels of a series and its
`value`; a value that is NULL is no series. `TEAMS` in a text is replaced by who is in which
team, which is a setting and not in the history.
"""

from collections.abc import Mapping

_COMMON = """
WITH
    (SELECT max(occurred_at) FROM events WHERE source IN (SELECT source FROM legs)) AS now,
    queues AS (SELECT DISTINCT queue_id AS queue FROM legs WHERE queue_id != ''),
    visits AS
    (
        SELECT queue_id AS queue, outcome, wait_ms, entered_at, left_at, answer_within_ms,
            outcome = 'answered' AS answered,
            answered AND wait_ms <= answer_within_ms AS in_time,
            outcome = 'abandoned' AND wait_ms > short_abandon_ms AS lost,
            entered_at + toIntervalMillisecond(answer_within_ms) AS target_at,
            multiIf(left_at IS NULL, if(target_at <= now, target_at, NULL),
                wait_ms > answer_within_ms, target_at,
                answered OR lost, left_at, NULL) AS counted_at
        FROM legs WHERE queue_id != ''
    ),
    windows AS
    (
        SELECT arrayJoin([('5m', 5), ('15m', 15), ('30m', 30), ('60m', 60)]) AS each,
            each.1 AS window, now - toIntervalMinute(each.2) AS after
        UNION ALL
        SELECT ('day', 0), 'day',
            toDateTime64(toStartOfDay(now), 3, 'UTC') - toIntervalMillisecond(1)
    ),
    members AS (SELECT agent_id AS agent, team FROM (TEAMS)),
    states AS
    (
        SELECT arrayJoin(['ready', 'reserved', 'talking', 'holding', 'wrapup', 'not_ready'])
            AS state
    ),
    people AS
    (
        SELECT p.agent_id AS agent, m.team AS team, p.state AS state, p.reason AS reason,
            p.started_at AS started_at, p.ended_at AS ended_at
        FROM agent_states AS p LEFT JOIN members AS m ON p.agent_id = m.agent
    )
"""

_QUEUE = "FROM queues AS q LEFT JOIN visits AS v ON q.queue = v.queue GROUP BY queue"
_WINDOW = """FROM (SELECT * FROM queues CROSS JOIN windows) AS q
    INNER JOIN visits AS v ON q.queue = v.queue GROUP BY queue, window"""
_NO_DAY = _WINDOW.replace("GROUP BY", "WHERE window != 'day' GROUP BY")


def _total(condition: str) -> str:
    return f"{_COMMON} SELECT q.queue AS queue, countIf({condition}) AS value {_QUEUE}"


def _share(part: str, whole: str) -> str:
    return f"""{_COMMON} SELECT q.queue AS queue, window,
        countIf({part}) / nullIf(countIf({whole}), 0) AS value {_WINDOW}"""


_HERE = "ifNull(left_at > after AND left_at <= now, false)"

_QUEUE_FIGURES = {
    "cc_queue_waiting": _total("outcome = 'waiting'"),
    "cc_queue_oldest_wait_start_timestamp_seconds": f"""{_COMMON}
        SELECT q.queue AS queue,
            toUnixTimestamp64Milli(minOrNullIf(entered_at, outcome = 'waiting')) / 1000 AS value
        {_QUEUE}""",
    "cc_queue_answer_within_seconds": f"""{_COMMON}
        SELECT q.queue AS queue, argMax(answer_within_ms, entered_at) / 1000 AS value
        {_QUEUE}""",
    "cc_queue_conservation_difference": """
        SELECT queue_id AS queue, entries - visits AS value FROM
        (SELECT queue_id, count(DISTINCT id) AS entries FROM events
            WHERE type = 'cc.queue.entered.v1' GROUP BY queue_id) AS told
        INNER JOIN (SELECT queue_id, count() AS visits FROM legs GROUP BY queue_id) AS known
            ON told.queue_id = known.queue_id""",
    "cc_queue_window_offered": f"""{_COMMON}
        SELECT q.queue AS queue, window,
            countIf(entered_at > after AND entered_at <= now) AS value
        {_WINDOW}""",
    "cc_queue_service_level_ratio": _share(
        f"in_time AND {_HERE}", "ifNull(counted_at > after AND counted_at <= now, false)"
    ),
    "cc_queue_abandon_ratio": _share(f"lost AND {_HERE}", f"(lost OR answered) AND {_HERE}"),
    "cc_queue_answer_seconds_mean": f"""{_COMMON} SELECT q.queue AS queue, window,
        avgOrNullIf(wait_ms, answered AND {_HERE}) / 1000 AS value {_NO_DAY}""",
    "cc_queue_offered_total": _total("true"),
    "cc_queue_answered_total": _total("answered"),
    "cc_queue_answered_in_time_total": _total("in_time"),
    "cc_queue_abandoned_total": _total("outcome = 'abandoned'"),
    "cc_queue_agents": f"""{_COMMON},
        told AS
        (
            SELECT agent_id AS agent, queue_id AS queue, occurred_at, sequence, type,
                if(type = 'cc.agent.state.changed.v1',
                    JSONExtractString(data, 'state') = 'not_ready',
                    JSONExtractBool(data, 'paused')) AS away
            FROM events WHERE agent_id != '' AND queue_id != ''
                AND type IN ('cc.agent.queue.joined.v1', 'cc.agent.queue.left.v1',
                    'cc.agent.state.changed.v1')
        ),
        served AS
        (
            SELECT agent, queue, argMax(away, (occurred_at, sequence)) AS paused,
                argMaxIf(type, (occurred_at, sequence),
                    type != 'cc.agent.state.changed.v1') AS last
            FROM told GROUP BY agent, queue HAVING last = 'cc.agent.queue.joined.v1'
        ),
        busy AS
        (
            SELECT s.queue AS queue,
                if(s.paused AND p.state = 'ready', 'not_ready', p.state) AS state
            FROM served AS s INNER JOIN people AS p ON s.agent = p.agent
            WHERE p.ended_at IS NULL
        )
        SELECT q.queue AS queue, q.state AS state, countIf(b.queue != '') AS value
        FROM (SELECT * FROM queues CROSS JOIN states) AS q
        LEFT JOIN busy AS b ON q.queue = b.queue AND q.state = b.state GROUP BY queue, state""",
}

_PEOPLE_FIGURES = {
    "cc_agents": f"""{_COMMON}
        SELECT t.team AS team, t.state AS state, countIf(p.agent != '') AS value
        FROM (SELECT * FROM (SELECT DISTINCT team FROM people) AS t CROSS JOIN states) AS t
        LEFT JOIN (SELECT * FROM people WHERE ended_at IS NULL) AS p
            ON t.team = p.team AND t.state = p.state GROUP BY team, state""",
    "cc_occupancy_ratio": f"""{_COMMON}
        SELECT team, window, sumIf(part, state IN ('talking', 'holding', 'wrapup'))
            / nullIf(sumIf(part, state NOT IN ('not_ready', 'offline')), 0) AS value
        FROM
        (
            SELECT team, window, state, greatest(0, dateDiff('millisecond',
                greatest(started_at, after), least(coalesce(ended_at, now), now))) AS part
            FROM people CROSS JOIN windows WHERE window != 'day'
        )
        GROUP BY team, window""",
    "cc_agent_state_start_timestamp_seconds": f"""{_COMMON}
        SELECT agent, team, state, reason, toUnixTimestamp64Milli(started_at) / 1000 AS value
        FROM people WHERE ended_at IS NULL AND state != 'offline'""",
}

_EPISODES = """SELECT code, agent_id AS agent, team, severity, state,
    multiIf(severity != 'critical', '', JSONExtractString(evidence, 'beyond') = '', 'true',
        'false') AS paged, JSONExtractString(evidence, 'source') AS source,
    {} AS value
    FROM violations WHERE state IN ('firing', 'acknowledged')
    GROUP BY code, agent, team, severity, state, paged, source"""

_CRM = f"""{_COMMON},
    (SELECT max(occurred_at) FROM events) AS heard, heard - INTERVAL 60 MINUTE AS after,
    told AS
    (
        SELECT agent_id AS agent,
            closed_at IS NULL AND greatest(began_at, ifNull(saved_at, began_at)) > after
                AND began_at = max(began_at) OVER (PARTITION BY source, card_id, agent_id)
                AS lies_open,
            if(ifNull(coalesce(saved_at, closed_at) > after, false), filling_ms, NULL)
                AS filled_ms,
            NULL AS positive
        FROM cards
        UNION ALL
        SELECT agent, false, NULL, if(answered_at > after,
            (score - scale_min) / (scale_max - scale_min) >= 0.75, NULL)
        FROM (SELECT if(s.agent_id != '', s.agent_id, l.agent_id) AS agent, s.*
            FROM surveys AS s LEFT JOIN legs AS l ON s.leg_id = l.leg_id WHERE s.kind = 'csat'
            ORDER BY s.answered_at DESC, s.answer_id DESC
            LIMIT 1 BY s.source, if(s.survey_id != '', s.survey_id, s.answer_id))
    )
    SELECT m.team AS team, {{}}
    FROM told AS t LEFT JOIN members AS m ON t.agent = m.agent GROUP BY team"""

IN_SQL: Mapping[str, str] = {
    **_QUEUE_FIGURES,
    **_PEOPLE_FIGURES,
    "cc_violation_active": _EPISODES.format("1"),
    "cc_violation_start_timestamp_seconds": _EPISODES.format(
        "toUnixTimestamp64Milli(min(assumeNotNull(fired_at))) / 1000"
    ),
    "cc_violation_episodes": """SELECT code, team, count() AS value FROM violations
        WHERE state IN ('firing', 'acknowledged') GROUP BY code, team""",
    "cc_cards_open": _CRM.format("countIf(lies_open) AS value"),
    "cc_card_filling_seconds_mean": _CRM.format(
        "'60m' AS window, avgOrNull(filled_ms) / 1000 AS value"
    ),
    "cc_satisfaction_ratio": _CRM.format("'60m' AS window, avgOrNull(positive) AS value"),
    "pult_source_last_event_timestamp_seconds": """
        SELECT source, feed, toUnixTimestamp64Milli(max(occurred_at)) / 1000 AS value
        FROM events WHERE source IN (SELECT source FROM legs) GROUP BY source, feed""",
    "pult_source_last_received_timestamp_seconds": """
        SELECT source, feed,
            toUnixTimestamp64Milli(argMax(recorded_at, (occurred_at, -sequence))) / 1000
                AS value
        FROM events WHERE source IN (SELECT source FROM legs) GROUP BY source, feed""",
    "pult_crm_last_event_timestamp_seconds": """
        SELECT source, toUnixTimestamp64Milli(max(occurred_at)) / 1000 AS value
        FROM events WHERE source NOT IN (SELECT source FROM legs) GROUP BY source""",
}
"""The same figures in SQL, by the name of the metric."""

OF_PROCESSES = frozenset({
    "up", "pult_ready", "pult_disk_free_bytes", "pult_journal_backlog_frames",
    "pult_partition_backlog", "pult_sink_backlog_records", "pult_store_backlog_rows",
    "pult_rebalances_total", "pult_source_losses_total", "pult_events_total",
    "pult_rejected_total", "pult_rejected_unplaced_total", "pult_sink_rejected_total",
    "pult_apply_seconds_bucket", "pult_event_lag_seconds_bucket",
    "pult_sink_insert_seconds_bucket", "pult_store_flush_seconds_bucket",
    "pult_snapshot_seconds_bucket",
})  # fmt: skip
"""They tell of Pult's own processes, of which the history holds nothing."""

ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""What rules make of the metrics; test_boards_promql and tests/deploy hold it to them."""
