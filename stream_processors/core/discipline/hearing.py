"""What a rule is told when it judges an agent: his diary, the time, and the rules in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.rules import Rule
from stream_processors.core.discipline.crew import Crew
from stream_processors.core.discipline.diary import Diary
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.held import Held
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
        held: the rules that held for him.
    """

    agent_id: str
    diary: Diary
    crew: Crew
    clock: int
    zone: str
    held: Held
    only: frozenset[int] | None = None
    shifts: Sequence[Shift] = ()
    heard_since: int = 0
    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    _kinds: dict[str, Sequence[Stretch]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Sequence[Stretch]:
        """Return the stretches of a kind in the order of time."""
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = self.diary.of_kind(kind)
        return known

    def log_outs(self) -> list[int]:
        """Return when [ms] the agent logged out."""
        return [each.end for each in self.of_kind("session") if each.end is not None]

    def stretches(self, kind: str) -> Sequence[Stretch]:
        """Return the stretches of a kind that are to be judged."""
        if self.only is None:
            return self.of_kind(kind)
        found = (self.diary.stretches[kind].get(start) for start in sorted(self.only))
        return [each for each in found if each is not None]

    def is_final(self, over: int) -> bool:
        """Tell whether what was over at an instant [ms] is never judged again."""
        return over < self.diary.final_before

    def planned_at(self, instant: int) -> tuple[Shift, Item] | None:
        """Return what was planned at an instant [ms], and of which shift it is."""
        for shift in self.shifts:
            item = shift.at(instant)
            if item is not None:
                return shift, item
        return None

    def rule(self, kind: type[R], code: str, at: int) -> R:
        """Return the rule of a code that held at an instant [ms]."""
        rule = self.held.rule(code, at)
        assert isinstance(rule, kind)
        return rule
