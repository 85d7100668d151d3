"""What a rule is told when it judges an agent: his diary, the time, and the rules in force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.rules import Rule
from stream_processors.core.discipline.crew import Crew
from stream_processors.core.discipline.diary import Diary
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.lengths import Lengths
from stream_processors.core.plans import Item, Shift

R = TypeVar("R", bound=Rule)


@dataclass(slots=True)
class Hearing:
    """One agent before the rules, one after the other; only `only` changes between them.

    Attributes:
        agent_id: who it is.
        diary: what he lately did.
        crew: the finished calls of his team.
        clock: of his source [ms]; while the source is not heard, when it fell silent.
        zone: whose midnights begin a month.
        only: beginnings [ms] of the stretches to judge; None: all.
        shifts: that were planned for him, up to the next one, in the order of time.
        heard_since: from when on [ms] all log-ins and log-outs are known.
        lengths: by queue how long after-work lasted.
        rules: tells the rule of a code that held for him at an instant [ms].
    """

    agent_id: str
    diary: Diary
    crew: Crew
    clock: int
    zone: str
    rules: Callable[[str, int], Rule]
    only: frozenset[int] | None = None
    shifts: Sequence[Shift] = ()
    heard_since: int = 0
    lengths: Mapping[str, Lengths] = field(default_factory=dict)

    def stretches(self, kind: str) -> list[Stretch]:
        """Return the stretches of a kind that are to be judged."""
        if self.only is None:
            return self.diary.of_kind(kind)
        found = (self.diary.stretches.get((kind, start)) for start in sorted(self.only))
        return [each for each in found if each is not None]

    def planned_at(self, instant: int) -> tuple[Shift, Item] | None:
        """Return what was planned at an instant [ms], and of which shift it is."""
        for shift in self.shifts:
            item = shift.at(instant)
            if item is not None:
                return shift, item
        return None

    def rule(self, kind: type[R], code: str, at: int) -> R:
        """Return the rule of a code that held at an instant [ms]."""
        rule = self.rules(code, at)
        assert isinstance(rule, kind)
        return rule
