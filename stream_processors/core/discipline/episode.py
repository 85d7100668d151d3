"""An episode: what a rule makes of what happened, before it is said as a fact.

An episode is concluded, never counted on: from the same facts and the same clock follow the
same episodes, in whatever order they came. It fires at an instant of event time that follows
from the facts alone; the clock only decides whether that instant has passed.
"""

from typing import Any

import msgspec

from schemas.facts import EpisodeState, Violation
from schemas.identity import derived_id
from schemas.rules import Rule, Severity

Level = tuple[int, Severity]
"""From an instant [ms] on, an episode is as severe as this."""


class Episode(msgspec.Struct, frozen=True, gc=False):
    """One violation; instants in milliseconds.

    `levels` are in the order of time; the first is when it fires. `evidence` holds `events`
    (ids; empty where nobody told) and whatever of values, `legs`, `offers` a rule has.
    """

    code: str
    about: str
    rule: Rule
    pending_at: int
    levels: tuple[Level, ...]
    cleared_at: int | None
    evidence: dict[str, Any]
    queue_id: str = ""
    looks_at: int | None = None  # when time alone ends it
    told: bool = True  # an event made it fire; else time did

    @property
    def fires_at(self) -> int:
        """When it fires, if nothing ends it before."""
        return self.levels[0][0]

    def has_fired(self, clock: int) -> bool:
        """Tell whether it has come to be, given that a clock shows `clock`."""
        return self.told or self._passed(self.fires_at, clock)

    def severity(self, clock: int) -> Severity:
        """Return how severe it is, or was at its end."""
        first, *others = self.levels
        reached = [first, *(each for each in others if self._passed(each[0], clock))]
        return reached[-1][1]

    def critical_at(self, clock: int) -> int | None:
        """Return when it became critical, None if it has not."""
        if not self.has_fired(clock):
            return None
        (first_at, first), *others = self.levels
        if first == "critical":
            return first_at
        return next(
            (at for at, each in others if each == "critical" and self._passed(at, clock)), None
        )

    def grew(self, clock: int) -> dict[str, int]:
        """Return when [ms] it became more severe than it was at first, as `critical_at`."""
        others = self.levels[1:]
        return {f"{each}_at": at for at, each in others if self._passed(at, clock)}

    def _passed(self, at: int, clock: int) -> bool:
        """Tell whether an instant has passed while it lasted.

        All events of an instant are applied only when the clock shows a later one.
        """
        return at < clock if self.cleared_at is None else at < self.cleared_at

    def next_look(self, clock: int) -> int | None:
        """Return the next instant [ms] at which time alone changes something about it."""
        if self.cleared_at is not None:
            return None
        due = [self.pending_at, *(at for at, _ in self.levels), self.looks_at or 0]
        return min((at for at in due if at >= clock), default=None)


def episode_id(code: str, who: str, about: str) -> str:
    """Return the id of an episode: of its rule, its agent or team, and what it is about."""
    return derived_id(code, who, about)


def fact_of(
    episode: Episode,
    named: Violation,
    clock: int,
    *,
    suppressed: bool,
    beyond: str = "",
    excused_with: str = "",
) -> Violation | None:
    """Return what is to be said of an episode; None while there is nothing to say.

    Args:
        episode: what was concluded.
        named: a fact that says whose it is, and what causes it; the rest is filled in.
        clock: of its source.
        suppressed: so many did the same at once that nobody is to blame.
        beyond: the limit of the budget that it is beyond, so that nobody is paged.
        excused_with: the episode it goes on from, which a person had excused.
    """
    fired = episode.has_fired(clock)
    if not fired and not (episode.cleared_at is None and episode.pending_at < clock):
        return None
    state: EpisodeState = "pending"
    if fired:
        state = "firing" if episode.cleared_at is None else "resolved"
        state = "excused" if suppressed or excused_with else state
    evidence = {
        **episode.evidence,
        # What a gap or a restart of the source ended no event has told.
        "events": [each for each in episode.evidence["events"] if each],
        **episode.grew(clock),
        **({"suppressed_by": "system_suspect"} if suppressed else {}),
        **({"excused_with": excused_with} if excused_with else {}),
        **({"paged": False, "beyond": beyond} if beyond else {}),
    }
    return msgspec.structs.replace(
        named,
        queue_id=episode.queue_id,
        severity=episode.severity(clock),
        state=state,
        pending_at=episode.pending_at,
        fired_at=episode.fires_at if fired else None,
        cleared_at=episode.cleared_at if fired else None,
        about=episode.about,
        rule_version=episode.rule.version,
        thresholds=episode.rule.thresholds,
        evidence=text_of(evidence),
    )


def text_of(value: Any) -> str:
    """Return JSON text, the same for equal values."""
    return msgspec.json.encode(value, order="deterministic").decode()
