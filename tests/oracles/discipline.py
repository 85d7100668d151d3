"""Violations of three rules, read from what the other oracles read in the recording.

Late return: a break longer than allowance and grace fires at its start + allowance + grace.
Ring-no-answer: the second miss in a row, or the third within the window, opens a warning that
lasts until the agent answers or logs out and that further misses join; it is critical from the
first of its misses on at which another caller waits in the queue; a miss that does neither is
of no consequence and over at once. Slow handling: after each talk of an agent, the mean of
his last ones against that of the talks of the others that ended in the same span.
Instants are milliseconds since 1970.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.oracles.shapes import OracleBreak, OracleLeg, OracleSession, cut_ms


@dataclass(frozen=True, order=True)
class Found:
    """One episode; `cleared_at` is None while it lasts."""

    fired_at: int
    agent: str
    severity: str
    cleared_at: int | None
    count: int = 1


def late_returns(
    breaks: Iterable[OracleBreak], allowances_ms: Mapping[str, int], grace_ms: int
) -> list[Found]:
    """Breaks that end later than their allowance and the grace permit; all of them have ended.

    Critical once the allowance has passed twice, and the grace.
    """
    found = []
    for each in breaks:
        assert each.ended_us is not None
        start, end = cut_ms(each.started_us), cut_ms(each.ended_us)
        allowed = allowances_ms.get(each.reason, allowances_ms["default"])
        if end > start + allowed + grace_ms:
            far = end > start + 2 * allowed + grace_ms
            severity = "critical" if far else "warning"
            found.append(Found(start + allowed + grace_ms, each.agent, severity, end))
    return sorted(found)


def ring_no_answers(
    legs: Iterable[OracleLeg], sessions: Iterable[OracleSession], within_ms: int
) -> list[Found]:
    """Rows of two misses or more, three misses within the window, and single misses."""
    happened: dict[str, list[tuple[int, str]]] = {}
    legs, crowded = list(legs), set()
    for leg in legs:
        for offer in leg.offers:
            if offer.result in ("no_answer", "answered") and offer.ended_us is not None:
                answered = offer.result == "answered" and leg.answered_us is not None
                at = cut_ms((leg.answered_us or 0) if answered else offer.ended_us)
                happened.setdefault(offer.agent, []).append((at, offer.result))
                if any(_waits(other, leg.queue, at) for other in legs if other is not leg):
                    crowded.add((offer.agent, at))
    for session in sessions:
        if session.logged_out_us is not None:
            happened.setdefault(session.agent, []).append(
                (cut_ms(session.logged_out_us), "out")
            )
    found = []
    for agent, things in happened.items():
        busy = {at for who, at in crowded if who == agent}
        found += _rows(agent, sorted(things), within_ms, busy)
    return sorted(found)


def _waits(leg: OracleLeg, queue: str, at: int) -> bool:
    if leg.queue != queue or cut_ms(leg.entered_us) > at:
        return False
    return leg.left_us is None or cut_ms(leg.left_us) > at


def _rows(
    agent: str, things: Sequence[tuple[int, str]], within_ms: int, crowded: set[int]
) -> list[Found]:
    found: list[Found] = []
    misses = [at for at, what in things if what == "no_answer"]
    place = 0
    while place < len(things):
        at, what = things[place]
        place += 1
        if what != "no_answer":
            continue
        in_a_row = place > 1 and things[place - 2][1] == "no_answer"
        lately = sum(at - within_ms < one <= at for one in misses)
        if not in_a_row and lately < 3:
            found.append(Found(at, agent, "info", at))
            continue
        counted, worse = lately if not in_a_row else 2, at in crowded
        while place < len(things) and things[place][1] == "no_answer":
            worse = worse or things[place][0] in crowded
            counted, place = counted + 1, place + 1
        cleared_at = things[place][0] if place < len(things) else None
        found.append(Found(at, agent, "critical" if worse else "warning", cleared_at, counted))
    return found


def slow_spells(
    legs: Iterable[OracleLeg],
    sessions: Iterable[OracleSession],
    contacts: int,
    ratio: float,
    clear: float,
) -> list[Found]:
    """Agents of one team whose last talks were longer than the others'."""
    talks: list[tuple[int, str, int]] = []
    for leg in legs:
        end = leg.talk_end_us("parted")  # where the caller was moved on; else as told
        if leg.outcome == "answered" and leg.answered_us is not None and end is not None:
            talks.append((cut_ms(end), leg.agent, cut_ms(end) - cut_ms(leg.answered_us)))
    outs: dict[str, list[int]] = {}
    for session in sessions:
        if session.logged_out_us is not None:
            outs.setdefault(session.agent, []).append(cut_ms(session.logged_out_us))
    found = []
    for agent in sorted({agent for _, agent, _ in talks}):
        mine = sorted((at, length) for at, who, length in talks if who == agent)
        slow_since: int | None = None
        gone = sorted(outs.get(agent, []))
        for place in range(contacts - 1, len(mine)):
            last = mine[place - contacts + 1 : place + 1]
            start, end = last[0][0], last[-1][0]
            out = next((at for at in gone if slow_since is not None and at > slow_since), None)
            if slow_since is not None and out is not None and out < end:
                found.append(Found(slow_since, agent, "info", out))
                slow_since = None
            others = [
                length for at, who, length in talks if who != agent and start <= at <= end
            ]
            if len(others) < contacts:
                continue
            own_mean = sum(length for _, length in last) / contacts
            team_mean = sum(others) / len(others)
            if slow_since is None and own_mean > ratio * team_mean:
                slow_since = end
            elif slow_since is not None and own_mean < clear * team_mean:
                found.append(Found(slow_since, agent, "info", end))
                slow_since = None
        if slow_since is not None:
            out = next((at for at in gone if at > slow_since), None)
            found.append(Found(slow_since, agent, "info", out))
    return sorted(found)
