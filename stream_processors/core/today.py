"""An agent's own figures of the local day: those of the metric dictionary named `agent_*`."""

import msgspec

from schemas.facts import Leg


class Today(msgspec.Struct, gc=False, array_like=True):
    """What an agent did on the local day that begins at `day` [ms].

    `talks` are his answered calls that are over, `talk_ms` their talk, hold included;
    `break_ms` is of the breaks that are over, and of those only what lies in the day.
    """

    day: int = 0
    answered: int = 0
    talks: int = 0
    talk_ms: int = 0
    missed: int = 0
    breaks: int = 0
    break_ms: int = 0

    def begin(self, day: int) -> None:
        """Begin a later day at 0; of an earlier one nothing changes."""
        if day > self.day:
            self.day = day
            self.answered = self.talks = self.talk_ms = self.missed = 0
            self.breaks = self.break_ms = 0

    def add_leg(self, leg: Leg, by: int) -> None:
        """Add (by 1) or take out (by -1) an answered call; it belongs to its answer's day."""
        if leg.answered_at is None or leg.answered_at < self.day:
            return
        self.answered += by
        if leg.talk_ms is not None and leg.ended_at is not None:
            self.talks += by
            self.talk_ms += by * (leg.talk_ms + (leg.hold_ms or 0))

    def add_offer(self, ended_at: int, by: int) -> None:
        """Add or take out a ringing that he let go by, which ended at an instant [ms]."""
        if ended_at >= self.day:
            self.missed += by

    def add_break(self, start: int, end: int | None, by: int) -> None:
        """Add or take out a break; its time counts where it is spent, it where it begins."""
        if start >= self.day:
            self.breaks += by
        if end is not None and end > self.day:
            self.break_ms += by * (end - max(start, self.day))
