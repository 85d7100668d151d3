"""Which pages are within the budget, counted from scratch for each: slow, and by itself.

It imports nothing of ours, so that it may stand against it.
"""

from collections.abc import Sequence

HOUR_MS = 3_600_000


def paged(
    pages: Sequence[tuple[int, str, str, int]], per_shift: int, per_hour: int
) -> set[str]:
    """Return the names of those that page.

    Args:
        pages: instant [ms], name, agent, and which of his shifts it is of.
        per_shift: so many of one agent's within a shift.
        per_hour: so many in all within the hour up to and with the page.
    """
    told: list[tuple[int, str, str, int]] = []
    for page in sorted(pages):
        at, _, agent, shift = page
        own = [each for each in told if each[2:] == (agent, shift)]
        lately = [each for each in told if at - HOUR_MS < each[0] <= at]
        if len(own) < per_shift and len(lately) < per_hour:
            told.append(page)
    return {name for _, name, _, _ in told}
