"""A made-up contact centre that speaks AMI: queues, agents, and so many messages a second.

Its calls are of the commonest kind: a caller joins a queue, an agent rings, answers and talks,
both hang up. One more queue is idle, for probes.
"""

import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

IDLE = "probe"
WAIT_SECONDS = 2.0
TALK_SECONDS = 25.0
MESSAGES_PER_CALL = 7


class Said(NamedTuple):
    """A message that is due some time after the beginning."""

    due_seconds: float
    name: str
    headers: Mapping[str, object]

    def wire(self, at: float) -> bytes:
        """Return it as it is said at a time [s since 1970]."""
        lines = [f"Event: {self.name}", f"Timestamp: {at:.6f}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


def opening(queues: int, agents: int) -> Iterator[Said]:
    """All agents log in, each into one queue, the first one into the idle queue, too."""
    yield Said(0.0, "QueueMemberAdded", {"Queue": IDLE, **_member(0), **_AVAILABLE})
    for agent in range(agents):
        queue = {"Queue": _queue(agent, queues)}
        yield Said(0.0, "QueueMemberAdded", {**queue, **_member(agent), **_AVAILABLE})


def calls(queues: int, agents: int, per_second: float, seconds: float) -> list[Said]:
    """Return the messages of calls in order; their rate is reached once the first call ends.

    Agents take turns; there must be so many of them that none has two calls.
    """
    between = MESSAGES_PER_CALL / per_second
    assert agents * between > WAIT_SECONDS + TALK_SECONDS + 2, "too few agents"
    dice = random.Random(1)
    said: list[Said] = []
    for call in range(int(seconds / between)):
        said += _call(call, call % agents, queues, between * (call + dice.random()))
    return sorted((each for each in said if each.due_seconds < seconds), key=lambda it: it[0])


def _call(call: int, agent: int, queues: int, begins: float) -> list[Said]:
    queue = _queue(agent, queues)
    caller = _caller(f"call-{call}", queue)
    offer = {
        **caller,
        "DestChannel": f"PJSIP/{agent}-{call}",
        "DestUniqueid": f"offer-{call}",
        "DestLinkedid": f"call-{call}",
        **_member(agent),
    }
    answers = begins + WAIT_SECONDS
    ends = answers + TALK_SECONDS
    return [
        Said(begins, "Newchannel", caller),
        Said(begins + 0.001, "QueueCallerJoin", {**caller, "Position": 1, "Count": 1}),
        Said(begins + 0.5, "AgentCalled", offer),
        Said(answers, "QueueCallerLeave", {**caller, "Position": 1, "Count": 0}),
        Said(answers + 0.0001, "AgentConnect", {**offer, "HoldTime": 2, "RingTime": 1}),
        Said(
            ends, "AgentComplete", {**offer, "HoldTime": 2, "TalkTime": 25, "Reason": "agent"}
        ),
        Said(ends + 0.001, "Hangup", {**caller, "Cause": 16, "Cause-txt": "Normal Clearing"}),
    ]


def probe(number: int) -> tuple[Said, Said]:
    """Return the join of a caller on the idle queue, and how it leaves."""
    caller = _caller(f"probe-{number}", IDLE)
    join = Said(0.0, "QueueCallerJoin", {**caller, "Position": 1, "Count": 1})
    gone = {**caller, "Position": 1, "OriginalPosition": 1, "HoldTime": 0}
    return join, Said(0.0, "QueueCallerAbandon", gone)


def _queue(agent: int, queues: int) -> str:
    return f"queue-{agent % queues:02}"


def _caller(channel: str, queue: str) -> dict[str, object]:
    return {
        "Channel": f"PJSIP/trunk-{channel}", "CallerIDNum": "+74950000000",
        "CallerIDName": "Customer", "Exten": queue, "Uniqueid": channel, "Linkedid": channel,
        "Queue": queue,
    }  # fmt: skip


def _member(agent: int) -> dict[str, object]:
    return {"MemberName": f"Agent {agent:04}", "Interface": f"PJSIP/{agent}"}


_AVAILABLE = {
    "StateInterface": "", "Membership": "dynamic", "Penalty": 0, "CallsTaken": 0, "LastCall": 0,
    "LastPause": 0, "InCall": 0, "Status": 1, "Paused": 0, "PausedReason": "", "Ringinuse": 0,
    "Wrapuptime": 0,
}  # fmt: skip
