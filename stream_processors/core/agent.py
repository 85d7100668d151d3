"""One agent: the marks of what he did, and the log-ins, breaks and states that follow."""

from bisect import bisect_left
from typing import TypeAlias

import msgspec

from schemas.facts import AgentState
from stream_processors.core.today import Today

ECHO_MS = 2_000
"""A feed of whole seconds may tell this much before (half as much after) the exact one."""

EVERY_QUEUE = "*"
"""Stands for all queues: an agent-wide pause, or a log-in that names no queue."""

TOLD_BY_FEEDS = frozenset({"joined", "left", "paused", "unpaused"})
"""Kinds of marks that two feeds of a source may both tell."""

SEEN_AT_A_SNAPSHOT = frozenset({"listed", "shown", "unlisted", "restarted"})
"""Kinds of marks that tell how it stood when it was looked at, not when it came to be so."""

SpanKey: TypeAlias = tuple[str, int]
"""Kind (session, break, state) and start [ms]."""

RESTARTS, STARTS, TELLS, ENDS = -1, 0, 1, 2
"""Order of marks at one instant: what starts, what the source says of the agent, what ends.

A ringing that is answered ends as the talk starts; so no state of no length lies between them.
A restart of the source is before them all: of its instant only that is left which its feed has
told after it.
"""


OVER = {
    "ring_started": "ring_ended", "talk_started": "talk_ended",
    "device_rang": "device_quiet", "device_used": "device_free", "held": "resumed",
}  # fmt: skip
"""Kinds of marks that begin what a call does to an agent, with those that end it."""


class AgentMark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One thing that an agent did or that happened to him. Sorts by time.

    `sequence` is the order within the feed, 0 of what follows from a call or a snapshot.
    """

    at: int
    phase: int
    sequence: int
    mark_id: str
    kind: str
    queue_id: str = ""
    reason: str = ""
    resolution: int = 1
    number: int = 0  # wrap-up time of a membership, or of when a snapshot speaks [ms]
    source: str = ""
    paused: bool = False  # a membership that begins paused
    wrapup: int = -1  # of a membership that a snapshot lists [ms]; -1 if it does not say
    interface: str = ""  # of a membership: what the queue rings, where he has another name;
    # of a talk: the phone at which it began, where that is known


class Span(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A stretch of time: a session, a break, or one state. Only a session tells its source."""

    kind: str
    start: int
    end: int | None
    state: AgentState
    reason: str
    source: str


Former: TypeAlias = dict[SpanKey, Span | None]
"""What spans were before they changed; None if there was none."""


class Standing(msgspec.Struct, gc=False):
    """Everything about an agent that the next mark depends on.

    `queues` tells since when [ms] he is a member of each queue, `homes` which source said so,
    `entries` at which of his interfaces (`entry_of`), and when that was last told [ms];
    `resting` which of those are paused, and why. `talks_at` tells at which phone a talk began.
    Up to `last_at` [ms] marks have been taken, and an after-work ended by its time.
    """

    queues: dict[str, int] = msgspec.field(default_factory=dict)
    homes: dict[str, str] = msgspec.field(default_factory=dict)
    entries: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    left: dict[str, int] = msgspec.field(default_factory=dict)
    paused: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    resting: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    rings: list[str] = msgspec.field(default_factory=list)
    talks: list[str] = msgspec.field(default_factory=list)
    phones: list[str] = msgspec.field(default_factory=list)
    calls: list[str] = msgspec.field(default_factory=list)
    consults: list[str] = msgspec.field(default_factory=list)
    held: list[str] = msgspec.field(default_factory=list)
    talks_at: dict[str, str] = msgspec.field(default_factory=dict)
    wrapups: dict[str, int] = msgspec.field(default_factory=dict)
    wrapup_until: int = 0
    told_wrapup: bool = False
    session_since: int | None = None
    session_source: str = ""
    break_since: int | None = None
    break_reason: str = ""
    state: AgentState = "offline"
    reason: str = ""
    since: int = 0
    source: str = ""
    last_at: int = -1


class Stop(msgspec.Struct, gc=False):
    """The standing after all marks before an instant [ms]."""

    at: int
    standing: Standing


class Agent(msgspec.Struct):
    """One agent: what holds now, what was said of the recent past, and how to fold it again.

    `touched` keeps what spans were when his team was last told, `unsaid` what was last said of
    them as facts. `direct` tells from when to when [ms] he used his phone without a queue, by
    leg; `missed` which calls rang at his phone in vain, `talked` which of queues he has had;
    `today` counts what he did on this day.
    """

    agent_id: str
    team: str
    source: str = ""
    now: Standing = msgspec.field(default_factory=Standing)
    stops: list[Stop] = msgspec.field(default_factory=lambda: [Stop(-1, Standing())])
    since_stop: int = 0
    marks: list[AgentMark] = msgspec.field(default_factory=list)
    spans: dict[SpanKey, Span] = msgspec.field(default_factory=dict)
    touched: Former = msgspec.field(default_factory=dict)
    unsaid: Former = msgspec.field(default_factory=dict)
    direct: dict[str, tuple[int, int | None]] = msgspec.field(default_factory=dict)
    missed: dict[str, None] = msgspec.field(default_factory=dict)
    talked: dict[str, None] = msgspec.field(default_factory=dict)
    today: Today = msgspec.field(default_factory=Today)
    coarse: bool = False
    fine: bool = False


def on_the_phone(agent: Agent, at: int) -> bool:
    """Tell whether an agent used his phone for something else at an instant [ms]."""
    return any(
        start <= at and (end is None or at < end) for start, end in agent.direct.values()
    )


def place_of(marks: list[AgentMark], at: int) -> int:
    """Return where the first mark of an instant [ms] or after it stands."""
    return bisect_left(marks, AgentMark(at, RESTARTS, 0, "", ""))


def ended_by_a_restart(marks: list[AgentMark], told: AgentMark) -> bool:
    """Tell whether the source restarted at the instant at which a mark was told, but after it.

    A log of whole seconds tells by its order alone which of both came first.
    """
    place = place_of(marks, told.at)
    while place < len(marks) and marks[place].kind == "restarted":
        restart = marks[place]
        if restart.at != told.at:
            break
        if restart.source == told.source and 0 < told.sequence < restart.sequence:
            return True
        place += 1
    return False


def copy_of(standing: Standing) -> Standing:
    """Return a standing that later marks do not change."""
    return msgspec.structs.replace(
        standing,
        queues=dict(standing.queues),
        homes=dict(standing.homes),
        entries={queue_id: dict(each) for queue_id, each in standing.entries.items()},
        left=dict(standing.left),
        paused=dict(standing.paused),
        resting={queue_id: dict(each) for queue_id, each in standing.resting.items()},
        wrapups=dict(standing.wrapups),
        rings=list(standing.rings),
        talks=list(standing.talks),
        talks_at=dict(standing.talks_at),
        phones=standing.phones.copy(),
        calls=standing.calls.copy(),
        consults=standing.consults.copy(),
        held=standing.held.copy(),
    )


def entry_of(source: str, interface: str) -> str:
    """Return what a membership is known by: two phones of one name are two members."""
    return f"{source}|{interface}"


def told_since(marks: list[AgentMark], listing: AgentMark) -> bool:
    """Tell whether something was told of a membership after a snapshot was asked for."""
    before, queues = listing.number, (listing.queue_id, EVERY_QUEUE)
    for mark in marks[place_of(marks, before - ECHO_MS) :]:
        if mark.at > listing.at:
            break
        if mark.kind in TOLD_BY_FEEDS and mark.queue_id in queues:
            last_ms = mark.at + mark.resolution - 1
            if last_ms >= before:
                return True
    return False
