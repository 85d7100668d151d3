"""Short calls: a month's share of an agent's calls against that of his team."""

from collections.abc import Iterator

from schemas.durations import in_ms
from schemas.rules import ShortCall
from stream_processors.core.discipline.entries import Contact
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.instants import month_bounds

_AGENT_OR_UNTOLD = frozenset({"agent", "unknown", ""})


def may_be_the_agents(contact: Contact) -> bool:
    """Tell whether the agent may have hung up: it is told, or nobody tells who did."""
    return contact.hung_up_by in _AGENT_OR_UNTOLD


def is_short(contact: Contact, rule: ShortCall) -> bool:
    """Tell whether a call was shorter than it should be, and the agent may have ended it."""
    return contact.handle_ms < in_ms(rule.shorter_than) and may_be_the_agents(contact)


def of_months(hearing: Hearing) -> Iterator[Episode]:
    """Agents whose share stood out in a month that is over."""
    for month, (calls, short, untold) in sorted(hearing.diary.short.items()):
        _, end = month_bounds(month, hearing.zone)
        rule = hearing.rule(ShortCall, "short_call", month)
        of_team, short_of_team = hearing.crew.short.get(month, (0, 0))
        if not rule.enabled or end >= hearing.clock or calls < rule.calls or not of_team:
            continue
        if short / calls <= rule.times_team * short_of_team / of_team:
            continue
        yield Episode(
            code="short_call",
            about=f"month of {month}",
            rule=rule,
            pending_at=end,
            levels=((end, rule.severity),),
            cleared_at=end,
            evidence={
                "events": [],
                "calls": calls,
                "short": short,
                "share": round(short / calls, 4),
                "team_share": round(short_of_team / of_team, 4),
                "team_calls": of_team,
                "ended_by_unknown": untold,
                "note": "nobody told who hung up" if untold else "",
            },
        )
