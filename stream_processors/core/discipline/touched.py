"""What is to be judged: by agent and rule, which stretches."""

from typing import TypeAlias

Starts: TypeAlias = set[int] | None
"""Beginnings [ms] of the stretches to judge; None: all that a rule looks at."""

Touched: TypeAlias = dict[tuple[str, str], Starts]
"""What is to be judged, by agent and rule."""


def touch(touched: Touched, agent_id: str, code: str, start: int) -> None:
    """Let a stretch that began at `start` [ms] be judged."""
    starts = touched.setdefault((agent_id, code), set())
    if starts is not None:
        starts.add(start)
