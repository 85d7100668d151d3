"""A CRM beside a simulated PBX, and the truth about which contact each thing it tells is of.

It hears the same calls. What it tells of them bears the PBX's id, or only the agent, or the
caller; it comes late at times, and twice; and some callers call again.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

import msgspec

import schemas.events as e
from producers.instants import rfc3339
from producers.simulation.simulation import Simulation
from schemas import crm_events as crm
from schemas.identity import derived_id
from tests.core.small_centre import moment_of

SECOND = 1_000
MINUTE = 60 * SECOND


class CrmDesk:
    """Tells of the calls of a simulation with one tenant; `truth` is by event, or by card."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        self.truth: dict[str, str] = {}
        self._simulation = simulation
        self._chance = Random(seed)
        self._waiting: list[tuple[int, int, bytes]] = []
        self._callers: dict[str, tuple[str, str]] = {}
        self._recent: list[str] = []
        self._made = 0

    def log(self) -> Iterator[bytes]:
        """Give out what PBX and CRM tell, in the order of receipt."""
        for said in self._simulation.events():
            while self._waiting and self._waiting[0][0] <= said.received_ms:
                yield heappop(self._waiting)[2]
            event = e.decode(said.value)
            if isinstance(event, e.QueueEntered):
                event = self._of_known_caller(event)
                self._callers[event.data.channel_id] = (
                    event.data.interaction_id, event.data.caller_key,
                )  # fmt: skip
            elif isinstance(event, e.LegEnded):
                self._write(event)
            yield e.encode(event)
        while self._waiting:
            yield heappop(self._waiting)[2]

    def _of_known_caller(self, event: e.QueueEntered) -> e.QueueEntered:
        """Let every twentieth call be of somebody who called lately."""
        key = f"key of {event.data.channel_id}"
        if self._recent and self._chance.random() < 0.05:
            key = self._chance.choice(self._recent[-200:])
        self._recent.append(key)
        data = msgspec.structs.replace(event.data, caller_key=key)
        return msgspec.structs.replace(event, data=data)

    def _write(self, event: e.LegEnded) -> None:
        """Tell about a talk that is over; the opening in a long one comes too late."""
        chance, data = self._chance, event.data
        known = self._callers.get(data.channel_id)
        if known is None or not data.talk_ms:
            return
        end = moment_of(event)
        answered = end - data.talk_ms
        card = {"card_id": f"card {event.id}", "agent_id": data.agent_id, **self._hint(known)}
        opened = answered + chance.randrange(5 * SECOND)
        saved = max(opened, end + chance.randrange(20 * SECOND))
        self._tell(crm.CardOpened, opened, end, known[0], card, card["card_id"])
        self._tell(crm.CardSaved, saved, end, known[0], card, card["card_id"])
        self._tell(crm.CardClosed, saved + 500, end, known[0], card, card["card_id"])
        self._tell(
            crm.DispositionSet, end - chance.randrange(min(data.talk_ms, 10 * SECOND)), end,
            known[0], {"code": "done", "agent_id": data.agent_id, **self._hint(known)},
        )  # fmt: skip
        if chance.random() < 0.3:
            self._tell(
                crm.SurveyAnswered, end + chance.randrange(20 * MINUTE), end, known[0],
                {"kind": "csat", "score": 4, "scale_min": 1, "scale_max": 5,
                 "caller_key": known[1]},
            )  # fmt: skip

    def _hint(self, known: tuple[str, str]) -> dict[str, Any]:
        """Half of what is told has the id, a quarter the caller, a quarter the agent alone."""
        drawn = self._chance.random()
        if drawn < 0.5:
            return {"interaction_id": known[0]}
        return {"caller_key": known[1]} if drawn < 0.75 else {}

    def _tell(
        self,
        kind: Any,
        at: int,
        not_before: int,
        truth: str,
        data: dict[str, Any],
        key: str = "",
    ) -> None:
        chance = self._chance
        received = max(at, not_before) + chance.randrange(2 * SECOND)
        if chance.random() < 0.05:
            received += chance.randrange(2 * MINUTE)
        self._made += 1
        tenant = self._simulation.plan.tenant
        event = kind(
            id=derived_id("crm", str(self._made)),
            source="crm",
            time=rfc3339(at * 1000),
            tenant=tenant,
            domain=tenant,
            feed="webhook",
            sequence=at * 1000,
            recordedtime=rfc3339(received * 1000),
            data=kind.__annotations__["data"](**data),
        )
        self.truth[key or event.id] = truth
        for again in range(2 if chance.random() < 0.02 else 1):
            place = (received + again * MINUTE, self._made, e.encode(event))
            heappush(self._waiting, place)
