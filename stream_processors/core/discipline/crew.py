"""The finished calls of a team in the order of their ends, with running sums of their lengths.

The mean over any span costs two bisections, however many calls it holds.
"""

from bisect import bisect_left, bisect_right, insort

import msgspec

from stream_processors.core.discipline.diary import CALLS_MS, MONTHS_MS, WINDOW_MS
from stream_processors.core.discipline.entries import Contact


class Crew(msgspec.Struct, gc=False):
    """Calls of one team: `sums` are the lengths [ms] of all calls before each place.

    In `short` are counts by month (its start [ms]): calls, short ones; `marked` are by rule the
    instants [ms] of the calls that it counts.
    """

    calls: list[tuple[Contact, str]] = msgspec.field(default_factory=list)
    sums: list[int] = msgspec.field(default_factory=lambda: [0])
    short: dict[int, list[int]] = msgspec.field(default_factory=dict)
    marked: dict[str, list[int]] = msgspec.field(default_factory=dict)

    def put(self, contact: Contact, agent_id: str) -> dict[str, None]:
        """Add a call; return whose calls ended at the same instant or later."""
        entry = (contact, agent_id)
        place = bisect_left(self.calls, entry)
        self.calls.insert(place, entry)
        return self._changed(place, contact.at)

    def take(self, contact: Contact, agent_id: str) -> dict[str, None]:
        """Take a call out; return whose calls ended at the same instant or later."""
        place = bisect_left(self.calls, (contact, agent_id))
        del self.calls[place]
        return self._changed(place, contact.at)

    def _changed(self, place: int, at: int) -> dict[str, None]:
        """Sum up anew from a place on."""
        del self.sums[place + 1 :]
        total = self.sums[place]
        for contact, _ in self.calls[place:]:
            total += contact.handle_ms
            self.sums.append(total)
        return self.since(at)

    def since(self, at: int) -> dict[str, None]:
        """Return whose calls ended at an instant [ms] or later, in the order of the calls."""
        first = bisect_left(self.calls, at, key=_ended_at)
        return dict.fromkeys(agent_id for _, agent_id in self.calls[first:])

    def mark(self, code: str, at: int, more: int) -> None:
        """Note a marked call of an instant [ms], or (`more` is -1) that it is none."""
        instants = self.marked.setdefault(code, [])
        if more > 0:
            insort(instants, at)
        else:
            del instants[bisect_left(instants, at)]

    def marked_between(self, code: str, start: int, end: int) -> int:
        """Return how many marked calls ended in [start, end]."""
        instants = self.marked.get(code, [])
        return bisect_right(instants, end) - bisect_left(instants, start)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """Return how many calls ended in [start, end], and their total length [ms]."""
        first = bisect_left(self.calls, start, key=_ended_at)
        last = bisect_right(self.calls, end, key=_ended_at)
        return last - first, self.sums[last] - self.sums[first]

    def forget(self, before: int) -> None:
        """Drop what no rule can reach: nothing comes any more of before `before` [ms]."""
        for month in [month for month in self.short if month < before - MONTHS_MS]:
            del self.short[month]
        before -= CALLS_MS + 2 * WINDOW_MS
        for instants in self.marked.values():
            del instants[: bisect_left(instants, before)]
        gone = bisect_left(self.calls, before, key=_ended_at)
        if gone:
            base = self.sums[gone]
            del self.calls[:gone]
            self.sums = [each - base for each in self.sums[gone:]]


def _ended_at(entry: tuple[Contact, str]) -> int:
    return entry[0].at
