"""How a direct call ended: what became of one that nobody took, and who ended one that was.

A call that nobody took ended, in this order, because the device was busy or refused it (full),
another took it (withdrawn), the caller gave up (abandoned), it rang too long (timeout), or the
network failed (system). Whoever is told so by a tone or by a voice, and then rings off, has not
given up: whom he called last tells why, if that one's ringing had ended by itself.

The one who hung up asked for it first (HangupRequest); where nobody asked, he left the
conversation first, unless he left it alone: then whom he talked to is not among the phones.

Source: ITU-T Q.850 for causes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Mapping, Sequence

from schemas.events import EndedBy
from schemas.facts import LegOutcome
from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Moment, Party
from stream_processors.core.instants import NEVER

_BUSY = frozenset({"17", "21"})
_UNANSWERED = frozenset({"18", "19"})
_TAKEN_ELSEWHERE = "26"
_CANCELLED = "127"
"""PJSIP gives it to a call that its caller cancels, and Dial hands it on to whom it rang."""
_CLEARED = frozenset({"", "0", "16"})
_VAGUE = _CLEARED | {_CANCELLED}
"""They tell nothing of why nobody answered."""


TALKS_ON_MS = 500
"""Who is still connected so long after another asked for the end talks to a third one."""


class Endings:
    """Those of one contact.

    Args:
        parties: whoever took part.
        origin: who began it, None if nobody is known.
        were_in: who took part, by each id that the contact has had.
        passed_on: channels that passed the other side on; they hung up on nobody.
        waited: channels that have waited in queues.
        sent_on: channels that were sent on, and when last.
    """

    def __init__(
        self,
        parties: Sequence[Party],
        origin: Party | None,
        were_in: Mapping[str, Sequence[Party]],
        passed_on: Container[str],
        waited: Container[str],
        sent_on: Mapping[str, Moment],
    ) -> None:
        self._parties = parties
        self._origin = origin
        self._were_in = were_in
        self._passed_on = passed_on
        self._waited = waited
        self._sent_on = sent_on
        self._picked_up = [
            (party.picked_up, party)
            for party in parties
            if party.picked_up is not None and party is not origin
        ]
        self._gone: list[tuple[Moment, Party]] | None = None

    def who_hung_up(self, party: Party, over: Moment) -> EndedBy:
        """Return who ended an answered call of an agent's party that was over at a moment."""
        if party.requested is None and self._came_to_nobody(party):
            return "system"
        near = self._gone_within(over[0] - MATCH_MS, over[0] + MATCH_MS)
        asked = [
            (other.requested, other)
            for _, other in near
            if other.requested is not None and abs(other.requested[0] - over[0]) <= MATCH_MS
        ]
        if asked:
            at, first = min(asked, key=lambda each: each[0])
            mine = party.requested
            if mine is not None and mine <= over and mine[0] - at[0] > TALKS_ON_MS:
                return "agent"  # whoever had left before him was not all he talked to
            return "agent" if first is party else "caller"
        left = min(near, key=lambda each: each[0], default=(over, party))
        ordered = left[1].ordered
        if ordered is not None and ordered <= left[0]:
            return "system"
        if left[1] is not party:
            return "caller"
        return "caller" if len(near) == 1 and self._was_let_go(party) else "agent"

    def _was_let_go(self, party: Party) -> bool:
        """Tell whether who stood behind a Local channel has hung up on a party that left alone.

        Whoever hangs up a phone asks for it first, where such is told at all.
        """
        return party.requested is None and any(
            other.requested is not None for other in self._parties
        )

    def _came_to_nobody(self, party: Party) -> bool:
        """Tell whether a party was sent on, and nobody answered or was connected after that."""
        if party.lived_on and party.cause in _BUSY | _UNANSWERED:
            return True
        sent = self._sent_on.get(party.channel_id)
        return sent is not None and (party.last_bridged is None or party.last_bridged < sent)

    def unanswered(self, party: Party, over: int, *, began: bool) -> tuple[LegOutcome, EndedBy]:
        """Return what became of a call that nobody took, and who ended it.

        Args:
            party: the agent's.
            over: when it ended [ms].
            began: whether the agent placed it.
        """
        cause = party.cause
        if began and party.was_dialled and party.picked_up is None:
            began = False  # dialled by a click, he did not pick up himself
        if began:
            if cause in _BUSY:
                return "full", "caller"
            if cause in _UNANSWERED:
                return "timeout", "system"
            why = self._why_nobody_answered(party)
            if why is not None:
                return why, "caller" if why == "full" else "system"
            if party.requested is not None:
                return "abandoned", "agent"  # PJSIP gives cause 127 to who stops dialling
            return ("abandoned", "agent") if cause in _CLEARED else ("system", "system")
        if cause in _BUSY:
            return "full", "agent"
        if (
            cause == _TAKEN_ELSEWHERE or party.unheard == "forwarded"
            or self._taken_by_another(party, over)
        ):  # fmt: skip
            return "withdrawn", "system"
        if party.declined and not self._caller_is_gone(party, over):
            return "full", "agent"
        if cause in _UNANSWERED or (party.unheard == "no_answer" and cause in _VAGUE):
            return "timeout", "system"
        if cause in (*_CLEARED, _CANCELLED) and self._caller_is_gone(party, over):
            return "abandoned", "caller"
        if cause not in _CLEARED:
            return "system", "system"
        return ("timeout" if party.ringing is not None else "withdrawn"), "system"

    def _caller_is_gone(self, party: Party, over: int) -> bool:
        """Tell whether a caller hung up as the ringing of a party ended [ms].

        Where he who began the contact has passed it on, whoever he had called is the caller.
        """
        caller = self._origin
        if caller is None or caller is party:
            return False
        if caller.channel_id in self._passed_on:
            return self._gone_within(over - MATCH_MS, over + MATCH_MS) != []
        return caller.ended is not None and abs(caller.ended[0] - over) <= MATCH_MS

    def _gone_within(self, since: int, until: int) -> list[tuple[Moment, Party]]:
        """Return who left a conversation between two instants [ms], and when."""
        if self._gone is None:
            self._gone = sorted(
                (
                    (over, other)
                    for other in self._parties
                    if (over := other.over) is not None
                    and other.channel_id not in self._passed_on
                    and (other.taken is not None or other.first_bridged is not None)
                ),
                key=lambda each: each[0],
            )
        first = bisect_left(self._gone, since, key=lambda each: each[0][0])
        last = bisect_right(self._gone, until, key=lambda each: each[0][0])
        return self._gone[first:last]

    def _why_nobody_answered(self, party: Party) -> LegOutcome | None:
        """Return what became of whom a party called, None if they rang until he gave up.

        A queue rings its members again and again; who waits for that long has given up.
        """
        if party.channel_id in self._waited:
            return None
        # A click rings all his phones before anybody is called.
        since = (party.picked_up or 0) if party.was_dialled else 0
        called = [
            (other.ended or (NEVER, 0), other)
            for other in self._were_in.get(party.born_in, ())
            if other is not party and not other.placed_the_call and other.started >= since
        ]
        if not called:
            return None
        return _why_unanswered(max(called, key=lambda each: (each[0], each[1].age))[1])

    def _taken_by_another(self, party: Party, over: int) -> bool:
        return any(
            other is not party and abs(at - over) <= MATCH_MS for at, other in self._picked_up
        )


def _why_unanswered(called: Party) -> LegOutcome | None:
    """Return why a ringing ended by itself, None if somebody stopped it or nobody knows."""
    if called.ended is None or called.unheard in ("cancelled", "forwarded"):
        return None
    if called.unheard == "busy" or called.cause in _BUSY or called.declined:
        return "full"
    if called.cause in _UNANSWERED or (
        called.unheard == "no_answer" and called.cause in _VAGUE
    ):
        return "timeout"
    known = called.cause not in _VAGUE and called.cause != _TAKEN_ELSEWHERE
    return "system" if known or called.unheard == "failed" else None
