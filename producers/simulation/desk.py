"""A CRM beside a simulated PBX: what agents write of their talks, and of which contact it is.

What it tells bears the PBX's id (half of it), the caller (a quarter) or the agent alone; some
of it comes minutes late, some twice, and some callers call again. Of which contact each thing
is, is noted as it is decided: nothing is matched here.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple, TypeAlias

from producers.instants import rfc3339
from producers.simulation.voice import LATENCY_MS, Said
from schemas import crm_events as crm
from schemas.events import encode
from schemas.identity import derived_id

_FEED = "webhook"
_SECOND_MS = 1_000
_MINUTE_MS = 60_000

_CALLS_AGAIN, _RECENT = 0.05, 200
_LATE, _LATE_BY_MS = 0.05, 2 * _MINUTE_MS
_TWICE, _AGAIN_AFTER_MS = 0.02, _MINUTE_MS
_DROPPED, _ANSWERS, _CASES, _REOPENED = 0.04, 0.3, 0.15, 0.1
_CODES = {"complaint": "Complaint", "info": "Asked for information", "sold": "Sold"}
_SCALES = (("csat", 1, 5), ("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7))


class Belongs(NamedTuple):
    """The truth about one thing that was told: of which contact it is.

    `key` is the card's id of a card, else the id of the event.
    """

    tenant: str
    source: str
    kind: str
    key: str
    interaction_id: str


Note: TypeAlias = Callable[[Belongs], None]
"""Takes a truth."""


@dataclass(slots=True)
class _Card:
    card_id: str
    agent_id: str
    interaction_id: str
    caller_key: str
    hint: dict[str, str]
    answered: int
    opened: int


class Desk:
    """The CRM of one PBX. Instants are milliseconds of the PBX's clock, off by `skew_ms`."""

    def __init__(
        self, tenant: str, source: str, skew_ms: int, chance: Random, note: Note
    ) -> None:
        self._tenant = tenant
        self._source = source
        self._skew_ms = skew_ms
        self._chance = chance
        self._note = note
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._cards: dict[str, _Card] = {}
        self._waiting: list[Said] = []
        self._made = 0
        self._places = 0

    def caller(self, key: str) -> str:
        """Return the key of who calls: now and then it is somebody who called lately."""
        if self._recent and self._chance.random() < _CALLS_AGAIN:
            key = self._chance.choice(self._recent)
        self._recent.append(key)
        return key

    def answered(self, interaction_id: str, caller_key: str, agent_id: str, at_ms: int) -> None:
        """Let an agent open a card soon after he has answered."""
        now = at_ms - self._skew_ms
        self._made += 1
        card = _Card(
            f"card-{self._source}-{self._made}", agent_id, interaction_id, caller_key,
            self._hint(interaction_id, caller_key), now,
            now + self._chance.randrange(5 * _SECOND_MS),
        )  # fmt: skip
        self._cards[interaction_id] = card
        self._note(Belongs(self._tenant, self._source, "card", card.card_id, interaction_id))
        self._tell(crm.CardOpened, card.opened, now, self._of(card))

    def ended(self, interaction_id: str, at_ms: int) -> None:
        """Let an agent finish his card, and tell what came of the talk."""
        card, now = self._cards.pop(interaction_id), at_ms - self._skew_ms
        chance = self._chance
        saved = max(card.opened, now + chance.randrange(20 * _SECOND_MS))
        if chance.random() >= _DROPPED:
            filled = {**self._of(card), "fields_filled": chance.randint(2, 12)}
            self._tell(crm.CardSaved, saved, now, filled)
        self._tell(crm.CardClosed, saved + 500, now, self._of(card))
        talked = max(1, now - card.answered)
        code = chance.choice(tuple(_CODES))
        chosen = now - chance.randrange(min(talked, 10 * _SECOND_MS))
        self._tell_of(
            card, crm.DispositionSet, "disposition", chosen, now,
            {"code": code, "name": _CODES[code], "agent_id": card.agent_id,
             **self._hint(card.interaction_id, card.caller_key)},
        )  # fmt: skip
        if chance.random() < _ANSWERS:
            self._answer(card, now)
        if chance.random() < _CASES:
            self._open_case(card, now)

    def heard_until(self, received_ms: int) -> Iterator[Said]:
        """Give out, in the order of receipt, what was received before an instant."""
        while self._waiting and self._waiting[0].received_ms < received_ms:
            yield heappop(self._waiting)

    # --- what is told ---------------------------------------------------------------------

    def _answer(self, card: _Card, now: int) -> None:
        chance = self._chance
        kind, low, high = chance.choice(_SCALES)
        # The better of two: most customers are satisfied.
        score = max(chance.randint(low, high), chance.randint(low, high))
        self._tell_of(
            card, crm.SurveyAnswered, "survey", now + chance.randrange(20 * _MINUTE_MS), now,
            {"kind": kind, "score": score, "scale_min": low, "scale_max": high,
             "caller_key": card.caller_key},
        )  # fmt: skip

    def _open_case(self, card: _Card, now: int) -> None:
        """Begin a case late in the talk; its later steps name the case alone, no contact."""
        chance = self._chance
        case = {"case_id": f"case-{card.card_id}"}
        talked = max(1, now - card.answered)
        begun = now - chance.randrange(min(talked, 5 * _MINUTE_MS))
        self._tell_of(
            card, crm.CaseCreated, "case", begun, now,
            {**case, "channel": "voice", "status": "open", "agent_id": card.agent_id,
             **self._hint(card.interaction_id, card.caller_key)},
        )  # fmt: skip
        resolved = now + chance.randrange(60 * _MINUTE_MS)
        self._tell(crm.CaseResolved, resolved, now, {**case, "status": "solved"})
        if chance.random() < _REOPENED:
            reopened = resolved + chance.randrange(60 * _MINUTE_MS)
            self._tell(crm.CaseReopened, reopened, now, {**case, "status": "open"})

    def _hint(self, interaction_id: str, caller_key: str) -> dict[str, str]:
        """Return what a thing says of its contact besides the agent."""
        drawn = self._chance.random()
        if drawn < 0.5:
            return {"interaction_id": interaction_id}
        return {"caller_key": caller_key} if drawn < 0.75 else {}

    def _of(self, card: _Card) -> dict[str, Any]:
        return {"card_id": card.card_id, "agent_id": card.agent_id, **card.hint}

    def _tell_of(
        self, card: _Card, kind: Any, what: str, at: int, now: int, data: dict[str, Any]
    ) -> None:
        key = self._tell(kind, at, now, data)
        self._note(Belongs(self._tenant, self._source, what, key, card.interaction_id))

    def _tell(self, kind: Any, at: int, now: int, data: dict[str, Any]) -> str:
        """Tell an event of an instant, at the earliest now; return its id."""
        chance = self._chance
        received = max(at, now) + LATENCY_MS + chance.randrange(2 * _SECOND_MS)
        if chance.random() < _LATE:
            received += chance.randrange(_LATE_BY_MS)
        self._places += 1
        event = kind(
            id=derived_id(self._tenant, self._source, str(self._places)),
            source=self._source,
            time=rfc3339(at * 1000),
            tenant=self._tenant,
            domain=self._tenant,
            feed=_FEED,
            sequence=at * 1000,
            recordedtime=rfc3339(received * 1000),
            data=kind.__annotations__["data"](**data),
        )
        value = encode(event)
        for again in range(2 if chance.random() < _TWICE else 1):
            said = Said(received + again * _AGAIN_AFTER_MS, self._places, self._tenant, value)
            heappush(self._waiting, said)
        return str(event.id)
