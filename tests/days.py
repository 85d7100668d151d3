"""Several days of the small centre, each around its local midnight, over a change of clocks.

Anchorage's midnight is at 09:00 UTC until it puts its clocks forward on 2026-03-08 at 02:00,
and at 08:00 UTC from then on: the 8th is 23 hours long.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

import schemas.events as e
from stream_processors.core.state import Terms
from tests.core.small_centre import Feeds, Hour, hours
from tests.timetable import DAY, events, terms

ZONE = "America/Anchorage"
MIDNIGHTS = ("2026-03-07 09:00", "2026-03-08 09:00", "2026-03-09 08:00", "2026-03-12 08:00")
"""In UTC, of the 7th, 8th, 9th and 12th; nothing happens between the two last."""

BEFORE = timedelta(minutes=3)
_HOUR_BEGINS = datetime.fromisoformat(f"{DAY} 09:00")
_CHANNEL = re.compile(r"\bc(?=\d)")


@dataclass(frozen=True)
class Days:
    """What happened around each midnight."""

    hours: tuple[Hour, ...]
    feeds: Feeds

    def events(self, tenant: str) -> list[e.Event]:
        """Return all as events of a tenant, in the order in which a re-fold takes them."""
        told = []
        for number, (hour, midnight) in enumerate(zip(self.hours, MIDNIGHTS, strict=False)):
            moved = datetime.fromisoformat(midnight) - BEFORE - _HOUR_BEGINS
            text = "\n".join(
                _moved(_CHANNEL.sub(f"d{number}c", line), moved)
                for line in hour.timetable(self.feeds).splitlines()
            )
            told += [replace(event, tenant=tenant, domain=tenant) for event in events(text)]
        return sorted(
            told, key=lambda each: (each.time, each.source, each.feed, each.sequence, each.id)
        )


def _moved(line: str, by: timedelta) -> str:
    day, time, rest = line.split(" ", 2)
    return f"{datetime.fromisoformat(f'{day} {time}') + by:%Y-%m-%d %H:%M:%S.%f} {rest}"


def days(count: int = len(MIDNIGHTS)) -> st.SearchStrategy[Days]:
    """Draw what happens around each of the first midnights."""
    return st.builds(
        Days,
        hours=st.tuples(*[hours()] * count),
        feeds=st.sampled_from(("fine", "coarse", "both")),
    )


def local_terms(refold_at: int | None = None) -> Terms:
    """Return default targets in that time zone."""
    return terms(refold_at, timezone=ZONE)
