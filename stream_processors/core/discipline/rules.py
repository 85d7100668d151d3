"""All rules by their codes, and what each of them looks at."""

from collections.abc import Callable, Iterator

from stream_processors.core.discipline.budget import break_budget
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.ghosts import ghost_busy
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.pace import slow_handling
from stream_processors.core.discipline.rates import agent_hangup, excess_transfer, short_call
from stream_processors.core.discipline.rows import offer_rejected, relog, rona, toggle
from stream_processors.core.discipline.shifts import (
    early_logout,
    late_login,
    no_show,
    not_logged_out,
    unscheduled_break,
    work_instead_of_break,
)
from stream_processors.core.discipline.stretches import (
    acw_too_long,
    break_too_long,
    idle_not_ready,
    late_return,
    long_hold,
)
from stream_processors.core.discipline.work import wrong_state_work

RULES: dict[str, Callable[[Hearing], Iterator[Episode]]] = {
    "late_return": late_return,
    "break_too_long": break_too_long,
    "idle_not_ready": idle_not_ready,
    "toggle": toggle,
    "acw_too_long": acw_too_long,
    "long_hold": long_hold,
    "relog": relog,
    "rona": rona,
    "offer_rejected": offer_rejected,
    "slow_handling": slow_handling,
    "short_call": short_call,
    "late_login": late_login,
    "no_show": no_show,
    "early_logout": early_logout,
    "unscheduled_break": unscheduled_break,
    "work_instead_of_break": work_instead_of_break,
    "not_logged_out": not_logged_out,
    "agent_hangup": agent_hangup,
    "excess_transfer": excess_transfer,
    "break_budget": break_budget,
    "wrong_state_work": wrong_state_work,
    "ghost_busy": ghost_busy,
}

JUDGED_BY = {
    "break": (
        "late_return",
        "break_too_long",
        "idle_not_ready",
        "unscheduled_break",
        "toggle",
        "break_budget",
        "wrong_state_work",
    ),
    "wrapup": ("acw_too_long",),
    "holding": ("long_hold",),
    "session": ("relog", "slow_handling", "toggle", "break_budget"),
}
"""Which rules look at a kind of stretch."""

KIND_OF = {
    "late_return": "break",
    "break_too_long": "break",
    "idle_not_ready": "break",
    "unscheduled_break": "break",
    "acw_too_long": "wrapup",
    "long_hold": "holding",
}
"""Rules that judge one stretch by itself, and of which kind it is."""

OF_SHIFTS = (
    "late_login",
    "no_show",
    "early_logout",
    "work_instead_of_break",
    "not_logged_out",
)
"""Rules that hold sessions and breaks against a plan."""

OF_ARRIVALS = ("late_login", "no_show")
"""Rules about people of whom nobody need be logged in."""

OF_PLANS = (*OF_SHIFTS, "late_return", "unscheduled_break")
"""Rules for which a plan matters."""
BY_TIME = frozenset({*KIND_OF, "break_budget", "wrong_state_work"})
"""Rules that time alone may make fire while a stretch goes on."""

OF_OFFERS = ("rona", "offer_rejected")
"""Rules that look at how offers ended, and at log-outs among them."""
