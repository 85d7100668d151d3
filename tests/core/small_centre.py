"""A small contact centre whose hour is drawn by hypothesis and told as a timetable.

Agents also call and are called directly, keep callers on hold, and pass them on after asking.
Two feeds tell of it: the finer one in microseconds, the log in whole seconds. Callers wait,
are rung for in vain, answered, moved, transferred, lost; agents log in and out and take breaks,
and nobody sees to it that they do so one after the other.
"""

import random
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

import schemas.events as e
from tests.timetable import DAY, events, moment

QUEUES = ("sales", "support", "vip")
AGENTS = ("Anna", "Boris", "Clara")
START = moment("09:00:00")

Fate = Literal[
    "abandoned", "timeout", "redirected", "answered", "transferred", "moved", "walked off",
    "passed on", "queued for",
]  # fmt: skip
Feeds = Literal["fine", "coarse", "both"]


@dataclass(frozen=True)
class Caller:
    """A caller's plan; times in milliseconds."""

    arrives: int
    queue: str
    agent: str
    fate: Fate
    rings: int
    rung_too: bool
    waits: int
    talks: int


@dataclass(frozen=True)
class Shift:
    """An agent's plan; times in milliseconds since his log-in."""

    agent: str
    queues: tuple[str, ...]
    begins: int
    pauses: int
    rests: int
    stays: int
    returns: bool
    reason: str
    wraps_up_s: int


@dataclass(frozen=True)
class Direct:
    """A call that no queue sees; times in milliseconds."""

    agent: str
    other: str
    kind: Literal["in", "out", "internal", "missed", "consulted", "sent on"]
    starts: int
    rings: int
    talks: int
    holds: int


@dataclass(frozen=True, order=True)
class _Told:
    """Something that happens, as each feed tells it; an empty text is not told."""

    at_us: int
    fine: str
    coarse: str


callers = st.lists(
    st.builds(
        Caller,
        arrives=st.integers(0, 240_000),
        queue=st.sampled_from(QUEUES),
        agent=st.sampled_from(AGENTS),
        fate=st.sampled_from(
            (
                "abandoned",
                "timeout",
                "redirected",
                "answered",
                "answered",
                "transferred",
                "moved",
                "walked off",
                "passed on",
                "queued for",
            )
        ),
        rings=st.integers(0, 2),
        rung_too=st.booleans(),
        waits=st.integers(1_500, 60_000),
        talks=st.integers(1_500, 90_000),
    ),
    min_size=1,
    max_size=10,
)
shifts = st.lists(
    st.builds(
        Shift,
        agent=st.sampled_from(AGENTS),
        queues=st.sampled_from((QUEUES[:1], QUEUES[:2], QUEUES)),
        begins=st.integers(0, 60_000),
        pauses=st.integers(3_000, 120_000),
        rests=st.integers(3_000, 120_000),
        stays=st.integers(1_000, 120_000),
        returns=st.booleans(),
        reason=st.sampled_from(("lunch", "ACW")),
        wraps_up_s=st.sampled_from((0, 3, 20)),
    ),
    max_size=3,
    unique_by=lambda shift: shift.agent,
)

directs = st.lists(
    st.builds(
        Direct,
        agent=st.sampled_from(AGENTS),
        other=st.sampled_from(AGENTS),
        kind=st.sampled_from(("in", "out", "internal", "missed", "consulted", "sent on")),
        starts=st.integers(0, 240_000),
        rings=st.integers(10, 20_000),
        talks=st.integers(100, 90_000),
        holds=st.integers(0, 10_000),
    ),
    max_size=4,
)


@dataclass(frozen=True)
class Hour:
    """What happened, in order."""

    told: tuple[_Told, ...]

    def timetable(self, feeds: Feeds) -> str:
        """Return the hour as the feeds tell it, in the order of time."""
        lines = []
        for each in self.told:
            if each.fine and feeds != "coarse":
                lines.append(f"{_stamp(each.at_us)} {each.fine}")
            if each.coarse and feeds != "fine":
                lines.append(f"{_stamp(each.at_us)} log: {each.coarse}")
        # The source goes on answering, so that what is due comes to pass.
        last = max(each.at_us for each in self.told)
        lines.append(f"{_stamp(last + 120_000_000)} beat")
        return "\n".join(lines)

    def events(self, feeds: Feeds) -> list[e.Event]:
        """Return the hour as events, in the order of time."""
        return events(self.timetable(feeds))


@st.composite
def hours(draw: st.DrawFn) -> Hour:
    """Draw an hour; no two things happen in the same microsecond."""
    told: list[tuple[int, str, str]] = []
    for number, caller in enumerate(draw(callers)):
        told += _call(f"c{number}", caller)
    for number, direct in enumerate(draw(directs)):
        told += _direct(str(number), direct)
    for shift in draw(shifts):
        told += _shift(shift)
    told.sort()
    return Hour(
        tuple(
            _Told((START + at) * 1000 + n, fine, coarse)
            for n, (at, fine, coarse) in enumerate(told)
        )
    )


def _call(channel: str, caller: Caller) -> list[tuple[int, str, str]]:
    at, queue, agent = caller.arrives, caller.queue, caller.agent
    left = at + caller.waits
    enter = f"enter {channel} {queue}"
    told = [(at, enter, enter), *_rings(channel, caller)]
    if caller.fate == "abandoned":
        told += [
            (left - 5, f"request {channel}", ""),
            (left, f"unanswered {channel} {queue} desk,100,4", f"abandon {channel} {queue}"),
            (left + 3, f"hangup {channel} desk,100,4", ""),
        ]
        return told
    if caller.fate == "timeout":
        told += [
            (left, f"unanswered {channel} {queue} desk,100,4", f"timeout {channel} {queue}"),
            (left + 4_000, f"hangup {channel} desk,200,1", ""),
        ]
        return told
    other = QUEUES[(QUEUES.index(queue) + 1) % len(QUEUES)]
    if caller.fate == "redirected":
        said = f"unanswered {channel} {queue} desk,100,4"
        enter, gone = f"enter {channel} {other}", left + caller.talks
        return [
            *told,
            (left, f"unanswered {channel}", ""),
            (left + 1, said, f"abandon {channel} {queue}"),
            (left + 2, f"leave {channel} {queue}", ""),
            (left + 3, enter, enter),
            (gone, f"leave {channel} {other}", f"timeout {channel} {other}"),
            (gone + 1, f"timeout {channel}", ""),
            (gone + 3_000, f"hangup {channel} desk,300,1", ""),
        ]
    if caller.fate == "walked off":
        enter = f"enter {channel} {other}"
        gone = left + caller.talks
        told += [
            (left, enter, enter),
            (gone, f"abandon {channel} {other}", f"abandon {channel} {other}"),
            (gone + 2, f"hangup {channel}", ""),
        ]
        return told
    return told + _talk(channel, caller, left, other, f"{agent}")


def _rings(channel: str, caller: Caller) -> list[tuple[int, str, str]]:
    told, lasts = [], caller.waits // (caller.rings + 1)
    for ring in range(caller.rings):
        missed_by = AGENTS[(AGENTS.index(caller.agent) + 1 + ring) % len(AGENTS)]
        began = caller.arrives + ring * lasts + 10
        offer = f"{channel} {caller.queue} {missed_by} {channel}-{missed_by}-{ring}"
        told.append((began, f"ring {offer}", ""))
        miss = f"miss {channel} {caller.queue} {missed_by}"
        told.append((began + lasts - 20, f"miss {offer}", miss))
    return told


def _talk(
    channel: str, caller: Caller, answered: int, other: str, agent: str
) -> list[tuple[int, str, str]]:
    queue, ended = caller.queue, answered + caller.talks
    wait, talk = caller.waits // 1000, caller.talks // 1000
    last_ring = caller.waits // (caller.rings + 1)
    ring = f"{channel} {queue} {agent}"
    told = [
        (answered - last_ring + 100, f"ring {ring}", ""),
        (answered, f"leave {channel} {queue}", ""),
        (answered + 1, f"answer {ring}", f"answer {ring} {wait}"),
    ]
    if caller.rung_too:
        loser = AGENTS[(AGENTS.index(agent) + 2) % len(AGENTS)]
        told.append((answered - last_ring + 110, f"ring {channel} {queue} {loser}", ""))
        told.append((answered + 40, f"rung_off {channel} {loser}", ""))
    if caller.fate == "answered":
        end = f"end {channel} {queue} {agent} caller"
        told += [(ended, end, f"{end} {talk}"), (ended + 3, f"hangup {channel}", "")]
        return told
    again = f"enter {channel} {other}"
    later = ended + 20_000
    end = f"end {channel} {queue} {agent} agent"
    if caller.fate in ("passed on", "queued for"):
        return told + _after_a_word(channel, agent, other, caller, answered, ended)
    if caller.fate == "transferred":
        told += [
            (ended - 2, f"transfer {channel} {other}", ""),
            (ended, end, f"{end} {talk}"),
            (ended + 30, again, again),
        ]
    else:  # moved: the end of the talk is told when he hangs up
        told += [
            (ended, again, again),
            (later + 50, end, f"{end} {(later + 50 - answered) // 1000}"),
        ]
    gone = f"abandon {channel} {other}"
    told += [(later, gone, gone), (later + 90, f"hangup {channel}", "")]
    return told


def _after_a_word(
    channel: str, agent: str, other: str, caller: Caller, answered: int, ended: int
) -> list[tuple[int, str, str]]:
    """The agent asks a colleague, or another queue, and passes his caller on to whoever it is.

    A queue log cannot tell that a caller took the agent's place, so of that it tells nothing.
    """
    half = answered + caller.talks // 2
    mine, asked = f"{channel}-{agent}@{channel}", f"{agent.lower()}{channel[1:]}77"
    end = f"end {channel} {caller.queue} {agent} agent"
    told = [
        (half, f"holds {mine}", ""),
        (half + 1, f"starts {asked} 203", ""),
        (ended - 2, f"passes {mine} {asked} 203 {channel}", ""),
        (ended - 1, f"merges {asked} {channel}", ""),
        (ended, end, f"{end} {caller.talks // 1000}"),
        (ended + 3, f"stops {asked} 16", ""),
        (ended + 20_000, f"hangup {channel}", ""),
    ]
    colleague = AGENTS[(AGENTS.index(agent) + 1) % len(AGENTS)]
    if caller.fate == "queued for":
        return [
            *told,
            (half + 2, f"enter {asked} {other}", ""),
            (ended + 5_000, f"leave {channel} {other}", ""),
            (ended + 5_001, f"answer {channel} {other} {colleague}", ""),
            (ended + 19_990, f"end {channel} {other} {colleague} caller", ""),
        ]
    phone = f"{colleague.lower()}{channel[1:]}78"
    return [
        *told,
        (half + 3, f"starts {phone}@{asked}", ""),
        (half + 400, f"picks {phone}@{asked}", ""),
        (half + 401, f"joins {phone}@{asked} b-{asked}", ""),
        (half + 402, f"joins {asked} b-{asked}", ""),
        (ended + 20_001, f"parts {phone}@{channel} b-{asked}", ""),
        (ended + 20_002, f"stops {phone}@{channel} 16", ""),
    ]


def _direct(number: str, direct: Direct) -> list[tuple[int, str, str]]:
    mine, trunk = f"{direct.agent.lower()}{number}", f"trunk{number}"
    other = f"{direct.other.lower()}{number}9"
    if direct.kind == "out":
        return _phoned(mine, f"{trunk}9@{mine}", direct)
    if direct.kind == "internal":
        return _phoned(mine, f"{other}@{mine}", direct)
    told = _phoned(trunk, f"{mine}@{trunk}", direct)
    if direct.kind == "missed":
        return [*told[:3], (direct.starts + direct.rings, f"stops {trunk} 0", ""),
                (direct.starts + direct.rings + 3, f"stops {mine}@{trunk} 16", "")]  # fmt: skip
    return told if direct.kind == "in" else _passed_on(mine, trunk, other, direct, told)


def _phoned(one: str, two: str, direct: Direct) -> list[tuple[int, str, str]]:
    at, bridge = direct.starts, f"b-{one}"
    up = at + direct.rings
    over = up + direct.talks
    agent = one if one.startswith(direct.agent.lower()) else two
    return [
        (at, f"starts {one} 5550101", ""),
        (at + 5, f"starts {two}", ""),
        (at + 6, f"alerts {two}", ""),
        (up, f"picks {two}", ""),
        (up + 1, f"joins {two} {bridge}", ""),
        (up + 2, f"joins {one} {bridge}", ""),
        (up + 20, f"holds {agent}", ""),
        (up + 20 + direct.holds, f"resumes {agent}", ""),
        (over + direct.holds, f"asks {two}", ""),
        (over + direct.holds + 1, f"parts {two} {bridge}", ""),
        (over + direct.holds + 2, f"parts {one} {bridge}", ""),
        (over + direct.holds + 3, f"stops {two} 16", ""),
        (over + direct.holds + 4, f"stops {one} 16", ""),
    ]


def _passed_on(
    mine: str, trunk: str, other: str, direct: Direct, told: list[tuple[int, str, str]]
) -> list[tuple[int, str, str]]:
    """An agent passes a caller on: after a word with a colleague, or without one."""
    at = told[7][0] + 50
    then = at + direct.rings
    end = then + direct.talks
    asked = f"{mine}8"
    consulted = direct.kind == "consulted"
    home = asked if consulted else trunk
    passing = [
        (at, f"holds {mine}@{trunk}", ""),
        (at + 1, f"starts {asked} 203", ""),
        (at + 2, f"starts {other}@{home}", ""),
        (then, f"picks {other}@{home}", ""),
        (then + 1, f"joins {other}@{home} b-{asked}", ""),
        (then + 2, f"joins {asked} b-{asked}", ""),
        (then + 30, f"passes {mine}@{trunk} {asked} 203 {trunk}", ""),
        (then + 31, f"merges {asked} {trunk}", ""),
        (then + 33, f"stops {asked} 16", ""),
    ]
    if not consulted:
        passing = [
            (at - 2, f"passes {mine}@{trunk} - 203 {trunk}", ""),
            *(each for each in passing[2:5]),
        ]
    gone = then + 32 if consulted else at
    return [
        *told[:7], *passing,
        (gone, f"parts {mine}@{trunk} b-{trunk}", ""),
        (gone + 2, f"stops {mine}@{trunk} 16", ""),
        (end + 40, f"parts {trunk} b-{trunk}", ""),
        (end + 41, f"parts {other}@{trunk} b-{asked}", ""),
        (end + 42, f"stops {trunk} 16", ""),
        (end + 43, f"stops {other}@{trunk} 16", ""),
    ]  # fmt: skip


def _shift(shift: Shift) -> list[tuple[int, str, str]]:
    told = []
    at = shift.begins
    wraps_up = f" {shift.wraps_up_s}"  # a queue log does not tell it
    steps = [("login", 0, "", wraps_up), ("pause", shift.pauses, f" {shift.reason}", "")]
    steps += [("unpause", shift.rests, "", ""), ("logout", shift.stays, "", "")]
    if shift.returns:
        steps.append(("login", 5_000, "", wraps_up))
    for verb, after, reason, more in steps:
        at += after
        for place, queue in enumerate(shift.queues):
            text = f"{verb} {shift.agent} {queue}{reason}"
            told.append((at + 3 * place, text + more, text))
    return told


def _stamp(at_us: int) -> str:
    seconds, micros = divmod(at_us - moment("00:00:00") * 1000, 1_000_000)
    hour, rest = divmod(seconds, 3600)
    return f"{DAY} {hour:02}:{rest // 60:02}:{rest % 60:02}.{micros:06}"


def disordered(told: list[e.Event], seed: int, *, repeated: float) -> list[e.Event]:
    """Return events late by up to two seconds, so that they swap, and a share of them twice."""
    chance = random.Random(seed)
    arrivals = [
        (moment_of(event) + chance.uniform(0, 2_000), place, event)
        for place, event in enumerate(told)
    ]
    arrivals += [
        (arrived + chance.uniform(0, 2_000), place, event)
        for arrived, place, event in arrivals
        if chance.random() < repeated
    ]
    return [event for _, _, event in sorted(arrivals, key=lambda arrival: arrival[:2])]


def moment_of(event: e.Event) -> int:
    """Return the time of an event [ms]."""
    return moment(event.time.removesuffix("Z").replace("T", " "))
