"""After-works of a recording, if each call were followed by one of a set length.

An after-work begins with the end of a talk, if its agent is logged in, does not talk to
somebody else and is not rung; it ends with the set time, the next ring or talk, or the log-out.
"""

from collections.abc import Sequence

from tests.oracles.shapes import OracleLeg, OracleSession, cut_ms


def afterworks(
    legs: Sequence[OracleLeg], sessions: Sequence[OracleSession], length_ms: int
) -> dict[OracleLeg, int | None]:
    """Return how long [ms] the after-work of each answered call was, None if there was none."""
    busy: dict[str, list[tuple[int, int]]] = {}
    for leg in legs:
        for offer in leg.offers:
            assert offer.ended_us is not None
            rang = (cut_ms(offer.started_us), cut_ms(offer.ended_us))
            busy.setdefault(offer.agent, []).append(rang)
        if leg.answered_us is not None:
            busy.setdefault(leg.agent, []).append((cut_ms(leg.answered_us), _ended(leg)))
    present: dict[str, list[tuple[int, int]]] = {}
    for session in sessions:
        assert session.logged_out_us is not None
        came, left = cut_ms(session.logged_in_us), cut_ms(session.logged_out_us)
        present.setdefault(session.agent, []).append((came, left))
    return {
        leg: _after(_ended(leg), length_ms, busy[leg.agent], present.get(leg.agent, []))
        for leg in legs
        if leg.answered_us is not None
    }


def _ended(leg: OracleLeg) -> int:
    ended_us = leg.talk_end_us("parted")
    assert ended_us is not None
    return cut_ms(ended_us)


def _after(
    ended: int, length_ms: int, busy: list[tuple[int, int]], present: list[tuple[int, int]]
) -> int | None:
    left = [end for start, end in present if start <= ended < end]
    if not left or any(start <= ended < end for start, end in busy):
        return None
    next_busy = [start for start, end in busy if ended < start < end]
    return min([ended + length_ms, *left, *next_busy]) - ended
