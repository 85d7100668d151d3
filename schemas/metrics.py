"""The metric dictionary: every number shown anywhere, defined once.

Boards, `docs/metrics.md`, the table `metrics` and comments in SQL come from here. `attribution`
says to which instant a number belongs; `empty` what is shown when there is nothing to measure.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number: its name, its unit, how it is counted, and who says so."""

    name: str
    unit: Literal["ratio", "seconds", "milliseconds", "count", "timestamp"]
    means: str
    formula: str
    attribution: str
    empty: str
    source: str
    version: int = 1


_OURS = "Ours; docs/decisions/0003-service-level.md"

SERVICE_LEVEL = Metric(
    name="service_level",
    unit="ratio",
    means="Share of calls that an agent answered within the queue's target.",
    formula="answered in time / (answered + abandoned - short abandoned), each call once, at "
    "the first of: its answer, its abandon, the moment the target passes; in time means "
    "wait <= target",
    attribution="service-level event",
    empty="no value: NULL, absent, a dash",
    source=f"{_OURS}; Cisco CUIC, service level calls offered",
)
WAITING = Metric(
    name="waiting",
    unit="count",
    means="Callers in the queue whom no agent has answered.",
    formula="legs entered and not left",
    attribution="now",
    empty="0",
    source="Ours",
)
LONGEST_WAIT = Metric(
    name="longest_wait",
    unit="milliseconds",
    means="How long the first in line has waited so far.",
    formula="now - min(entered_at) over waiting legs",
    attribution="now",
    empty="no value while nobody waits",
    source="Ours",
)
WAITING_OVER_TARGET = Metric(
    name="waiting_over_target",
    unit="count",
    means="Callers who have waited longer than the target and still wait.",
    formula="waiting legs with now - entered_at > answer_within",
    attribution="now",
    empty="0",
    source="Ours",
)
TALKING = Metric(
    name="talking",
    unit="count",
    means="Calls of the queue that an agent is talking to, hold included.",
    formula="answered legs not ended",
    attribution="now",
    empty="0",
    source="Ours",
)
OFFERED = Metric(
    name="offered",
    unit="count",
    means="Visits to the queue. A transfer to a queue is a new visit of the same interaction.",
    formula="legs by entered_at; offered = sum of outcomes + waiting, always",
    attribution="arrival",
    empty="0",
    source="Ours; domain levels leg and interaction",
)
ANSWERED = Metric(
    name="answered",
    unit="count",
    means="Visits that an agent answered.",
    formula="legs with outcome answered, by the instant the wait ended",
    attribution="event",
    empty="0",
    source="Ours",
)
ANSWERED_IN_TIME = Metric(
    name="answered_in_time",
    unit="count",
    means="Visits answered within the target in force when the caller entered.",
    formula="answered with wait_ms <= answer_within_ms",
    attribution="event",
    empty="0",
    source=_OURS,
)
ABANDONED = Metric(
    name="abandoned",
    unit="count",
    means="Visits whose caller hung up before an agent answered, short ones included.",
    formula="legs with outcome abandoned; time-outs, keys and empty queues are other outcomes",
    attribution="event",
    empty="0",
    source="Ours; Asterisk's own Abandoned counts time-outs too (apps/app_queue.c)",
)
SHORT_ABANDONED = Metric(
    name="short_abandoned",
    unit="count",
    means="Abandons so quick that the caller had misdialled.",
    formula="abandoned with wait_ms <= short_abandon_ms",
    attribution="event",
    empty="0",
    source=_OURS,
)
ABANDON_RATIO = Metric(
    name="abandon_ratio",
    unit="ratio",
    means="Share of finished waits that the caller gave up; short abandons left out.",
    formula="(abandoned - short abandoned) / (answered + abandoned - short abandoned)",
    attribution="event",
    empty="no value",
    source="Ours",
)
ANSWER_MEAN = Metric(
    name="answer_seconds_mean",
    unit="seconds",
    means="Mean wait of answered calls, those without any wait included (ASA).",
    formula="sum(wait of answered) / answered",
    attribution="event",
    empty="no value",
    source="Ours; Amazon Connect, average queue answer time",
)
HANDLE_MEAN = Metric(
    name="handle_ms_mean",
    unit="milliseconds",
    means="How long a call of a queue keeps its agent: talk, hold and after-work.",
    formula="sum(talk_ms + hold_ms + wrapup_ms) / visits that an agent answered and whose talk "
    "is over; an after-work counts once it is over",
    attribution="arrival",
    empty="no value: NULL",
    source="Amazon Connect, average handle time; docs/sql.md, queue_report",
)
AGENTS = Metric(
    name="agents",
    unit="count",
    means="People of a team in a state. One person is in one state: talking before holding, "
    "reserved (ringing), wrapup, not_ready, ready.",
    formula="agents by state; offline is not counted",
    attribution="now",
    empty="0",
    source="Ours",
)
QUEUE_AGENTS = Metric(
    name="queue_agents",
    unit="count",
    means="People logged in to a queue, by what they do; who is logged in to several counts in "
    "each. Who is ready, but paused in this queue alone, is not_ready here.",
    formula="members of the queue by state; offline is not counted",
    attribution="now",
    empty="0",
    source="Ours",
)
ANSWER_WITHIN = Metric(
    name="answer_within",
    unit="seconds",
    means="The queue's target: an answer after at most this wait is in time.",
    formula="answer_within of the settings that hold now",
    attribution="now",
    empty="20 where the settings name none",
    source="Ours",
)
OCCUPANCY = Metric(
    name="occupancy",
    unit="ratio",
    means="Share of available time spent on calls and after-work.",
    formula="(talking + holding + wrapup) / (that + ready + reserved), in agent-milliseconds; "
    "not_ready is in neither term",
    attribution="split",
    empty="no value while nobody was available",
    source="Ours; docs/decisions/0003-service-level.md",
)
BREAKS = Metric(
    name="breaks",
    unit="count",
    means="Pauses of a person in all of his queues, also while he still talks.",
    formula="from pause to unpause or log-out, by reason",
    attribution="start",
    empty="0",
    source="Ours",
)
CONSERVATION = Metric(
    name="conservation_difference",
    unit="count",
    means="Calls that the figures of a queue have lost or doubled; anything but 0 is a defect.",
    formula="offered - (sum of outcomes + waiting)",
    attribution="now",
    empty="0",
    source="Ours",
)
DATA_AGE = Metric(
    name="data_age",
    unit="seconds",
    means="How old the newest event or heartbeat of the source is.",
    formula="page: time since the last message; Prometheus: time() - its receipt",
    attribution="now",
    empty="no value before the first event",
    source="Ours",
    version=2,
)
VIOLATIONS = Metric(
    name="violations",
    unit="count",
    means="Episodes in which somebody violates a rule of discipline.",
    formula="episodes that have fired, are not cleared and that nobody has excused; "
    "one break, one row of missed offers, one slow spell is one episode",
    attribution="fired_at",
    empty="0",
    source="Ours; docs/discipline.md",
)

AGENT_ANSWERED = Metric(
    name="agent_answered",
    unit="count",
    means="Queue calls that a person answered on the local day.",
    formula="visits of the day by the instant of the answer, by agent",
    attribution="answer",
    empty="0",
    source="Ours",
)
AGENT_TALK_MEAN = Metric(
    name="agent_talk_seconds_mean",
    unit="seconds",
    means="Mean talk, hold included, of the queue calls that a person answered on the local "
    "day and that are over.",
    formula="sum(talk_ms + hold_ms) / calls that are over",
    attribution="answer",
    empty="no value: a dash",
    source="Ours",
)
AGENT_MISSED = Metric(
    name="agent_missed",
    unit="count",
    means="Ringings of the local day that a person let go by.",
    formula="offers with result no_answer or rejected, by the instant they ended; cancelled, "
    "busy and failed ones and those that a colleague took are none",
    attribution="event",
    empty="0",
    source="Ours",
)
AGENT_BREAK_TIME = Metric(
    name="agent_break_milliseconds",
    unit="milliseconds",
    means="Time of the local day that a person has spent on breaks, the present one included.",
    formula="sum of the parts of breaks that lie in the day; shown in minutes",
    attribution="split",
    empty="0",
    source="Ours",
)

ADHERENCE = Metric(
    name="adherence",
    unit="ratio",
    means="Share of planned time spent as planned; neutral time left out.",
    formula="in / (in + out), in milliseconds of shifts",
    attribution="shift: the instant at which it begins",
    empty="no value without a plan: NULL, absent",
    source="Calabrio WFM; docs/discipline.md",
)
REPEATS = Metric(
    name="repeat_ratio",
    unit="ratio",
    means="Share of answered contacts whose caller had been answered within the week before.",
    formula="repeats / contacts; of contacts to queues that an agent answered and whose caller "
    "is known, by the beginnings, 7 * 24 hours apart at most",
    attribution="arrival",
    empty="no value: NULL",
    source="Ours; docs/sql.md",
)
CARDS_OPEN = Metric(
    name="cards_open",
    unit="count",
    means="Cards that agents of a team have opened and not closed.",
    formula="cards without a closing that were touched within the last hour",
    attribution="now",
    empty="0; absent where no CRM was heard",
    source="Ours; docs/crm.md",
)
CARD_FILLING = Metric(
    name="card_filling",
    unit="milliseconds",
    means="How long agents fill in a card, beside the wrap-up that the PBX sees.",
    formula="mean over cards of (last save, or closing if never saved) - opening",
    attribution="live: last save or closing; reports: opening",
    empty="no value: NULL, absent",
    source="Ours; docs/crm.md",
)
SATISFACTION = Metric(
    name="satisfaction",
    unit="ratio",
    means="Share of customers' answers that are positive: in the upper quarter of the scale.",
    formula="answers with (score - lowest) / (highest - lowest) >= 0.75 / answers, "
    "of one survey the last answer",
    attribution="answered_at",
    empty="no value: NULL, absent",
    source="Ours; docs/sql.md, satisfaction",
)

METRICS: tuple[Metric, ...] = (
    SERVICE_LEVEL, WAITING, LONGEST_WAIT, WAITING_OVER_TARGET, TALKING, OFFERED, ANSWERED,
    ANSWERED_IN_TIME, ABANDONED, SHORT_ABANDONED, ABANDON_RATIO, ANSWER_MEAN,
    HANDLE_MEAN, AGENTS, QUEUE_AGENTS, ANSWER_WITHIN, OCCUPANCY, BREAKS, CONSERVATION,
    DATA_AGE, VIOLATIONS, ADHERENCE, REPEATS, CARDS_OPEN, CARD_FILLING, SATISFACTION,
    AGENT_ANSWERED, AGENT_TALK_MEAN, AGENT_MISSED, AGENT_BREAK_TIME,
)  # fmt: skip


def as_markdown() -> str:
    """Return the dictionary page; `pult metrics` prints it, a test compares docs/metrics.md."""
    sections = [
        f"## {m.name} [{m.unit}]\n\n{m.means}\n\n    {m.formula}\n\n"
        f"Belongs to: {m.attribution}. Nothing to measure: {m.empty}. "
        f"Source: {m.source}. Version {m.version}.\n"
        for m in sorted(METRICS, key=lambda metric: metric.name)
    ]
    return "# The numbers\n\nEvery number that Pult shows, defined once.\n\n" + "\n".join(
        sections
    )
