"""Pictures of a contact centre, written by hand, as the wall receives them."""

from typing import Any, TypeAlias

Picture: TypeAlias = dict[str, Any]

AS_OF = 1_795_336_927_265  # Sunday 22 November 2026, 11:42:07 in Moscow
MINUTE = 60_000
LONG = "Second line support for business customers in the north and for nobody else"


def queue(
    name: str,
    ratio: float | None,
    waiting: int = 0,
    longest_ms: int | None = None,
    past_target: int = 0,
) -> Picture:
    """One row; twenty calls counted unless there is no ratio."""
    counted = 0 if ratio is None else 20
    return {
        "queue": name,
        "ratio": ratio,
        "target": 0.8,
        "in_time": round(counted * (ratio or 0)),
        "counted": counted,
        "waiting": waiting,
        "longest_ms": longest_ms,
        "past_target": past_target,
    }


def head() -> Picture:
    """What every page is told of where it is."""
    return {
        "version": "0.1.0",
        "title": "Support centre",
        "timezone": "Europe/Moscow",
        "mode": "live",
        "speed": 1,
        "as_of": AS_OF,
        "sources": [{"source": "pbx1", "last_at": AS_OF, "silent": False}],
        "scope": {"queues": [], "team": ""},
    }


def act(code: str, queue: str, ago_ms: int, **told: Any) -> Picture:
    """One exception that wants somebody to act, since so long."""
    about = {"severity": "act", "code": code, "queue": queue}
    return {**about, **told, "since": AS_OF - ago_ms}


def under_target(queue: str, ratio: float, minutes: int) -> Picture:
    """One queue whose service level has been too low for so long."""
    about = {"severity": "warn", "code": "level_under_target", "queue": queue, "ratio": ratio}
    return {**about, "target": 0.8, "since": AS_OF - minutes * MINUTE}


def level(ratio: float | None, in_time: int, counted: int, *history: float | None) -> Picture:
    """The service level now, and how it came to that."""
    return {
        "ratio": ratio,
        "in_time": in_time,
        "counted": counted,
        "target": 0.8,
        "answer_within_ms": 20_000,
        "history": list(history),
    }


def agents(reasons: dict[str, int], occupancy: float | None, **states: int) -> Picture:
    """How many are in each state; nobody in those that are not named."""
    names = ("ready", "reserved", "talking", "holding", "wrapup", "not_ready")
    return {
        "logged_in": sum(states.values()),
        "states": {name: states.get(name, 0) for name in names},
        "reasons": reasons,
        "occupancy": occupancy,
    }


def bad_day() -> Picture:
    """Support drowns, sales slips, the rest is fine."""
    return {
        **head(),
        "service_level": level(
            0.61, 104, 171,
            0.86, 0.9, 0.84, 0.86, 0.88, 0.8, 0.79, 0.81, None, 0.83,
            0.77, 0.72, 0.74, 0.7, 0.66, 0.64, 0.63, 0.6, 0.59, 0.61,
        ),
        "waiting": {"now": 9, "past_target": 3, "close": 2},
        "longest": {"wait_ms": 108_000, "queue": "Support", "past_target": True},
        "agents": agents(
            {"Lunch": 2, "Training": 1}, 0.91,
            ready=1, talking=8, holding=1, wrapup=1, not_ready=3,
        ),
        "abandoned": {"ratio": 0.041, "abandoned": 7, "offered": 171},
        "queues": [
            queue("VIP", 1.0),
            queue("Billing", 0.86, 1, 3_000),
            queue("Support", 0.33, 6, 108_000, 3),
            queue("Retention", None),
            queue("Sales", 0.72, 2, 14_000),
        ],
        "exceptions": [
            under_target("Sales", 0.72, 11),
            act("queue_past_target", "Support", 2 * MINUTE + 7_000, count=3),
            act("nobody_ready", "Support", 48_000),
        ],
        "all_clear": False,
    }  # fmt: skip


def fine_day() -> Picture:
    """Nothing deviates: a quiet wall."""
    return {
        **head(),
        "service_level": level(
            0.88, 150, 171, 0.84, 0.86, 0.85, 0.87, 0.9, 0.91, 0.88, 0.87, 0.89, 0.88
        ),
        "waiting": {"now": 2, "past_target": 0, "close": 0},
        "longest": {"wait_ms": 6_000, "queue": "Billing", "past_target": False},
        "agents": agents(
            {"Lunch": 2}, 0.71, ready=4, reserved=1, talking=6, wrapup=1, not_ready=2
        ),
        "abandoned": {"ratio": 0.018, "abandoned": 3, "offered": 171},
        "queues": [
            queue("Support", 0.84, 1, 4_000),
            queue("Sales", 0.9),
            queue("Billing", 0.86, 1, 6_000),
            queue("VIP", 1.0),
            queue("Retention", None),
        ],
        "exceptions": [],
        "all_clear": True,
    }


def empty_morning() -> Picture:
    """The centre has just opened: nobody called, nobody logged in."""
    return {
        **head(),
        "service_level": level(None, 0, 0, None, None, None),
        "waiting": {"now": 0, "past_target": 0, "close": 0},
        "longest": {"wait_ms": None, "queue": None, "past_target": False},
        "agents": agents({}, None),
        "abandoned": {"ratio": None, "abandoned": 0, "offered": 0},
        "queues": [],
        "exceptions": [],
        "all_clear": False,
    }


def silent_source() -> Picture:
    """The server lives, its PBX does not answer."""
    silent_since = AS_OF - 3 * MINUTE
    return {
        **fine_day(),
        "sources": [{"source": "pbx1", "last_at": silent_since, "silent": True}],
        "exceptions": [
            {
                "severity": "act",
                "code": "source_silent",
                "source": "pbx1",
                "since": silent_since,
            }
        ],
    }


def failed_sources() -> Picture:
    """One PBX was lost a moment ago, one lets nobody in, one is back with a gap."""
    lost_at = AS_OF - 7_000
    return {
        **fine_day(),
        "exceptions": [
            {"severity": "act", "code": code, "source": source, "since": lost_at}
            for source, code in (
                ("pbx1", "source_lost"),
                ("pbx2", "source_refused"),
                ("pbx3", "source_failed"),
                ("pbx4", "source_gap"),
            )
        ],
        "all_clear": False,
    }


def thirty_queues() -> Picture:
    """More queues than a wall has lines, some with names longer than a line."""
    long = "Second line support for business customers in the north"
    return {
        **bad_day(),
        "service_level": {**bad_day()["service_level"], "answer_within_ms": None},
        "queues": [
            *(queue(f"Branch {n:02}", 0.8 + n / 200) for n in range(20)),
            queue(long, 0.41, 12, 754_000, 9),
            *(queue(f"Quiet {n}", None) for n in range(5)),
            *(queue(f"Region {n}", 0.66 + n / 40, n, 9_000) for n in range(4)),
        ],
        "exceptions": [
            act("queue_past_target", long, 12 * MINUTE, count=9),
            *(under_target(f"Region {n}", 0.66 + n / 40, 70) for n in range(4)),
            act("numbers_differ", "Branch 07", 5 * MINUTE, count=2),
            *(act("nobody_ready", f"Quiet {n}", MINUTE) for n in range(5)),
        ],
    }


def unknown(**named: str) -> Picture:
    """Nothing that a scope names is known; `queue`, `team`, `tenant` are misspelt."""
    return {
        **bad_day(),
        "tenants": [],
        "scope": {"queues": [named["queue"]] if "queue" in named else [], "team": ""},
        "service_level": {
            "ratio": None, "in_time": None, "counted": None, "target": None,
            "answer_within_ms": None, "history": [],
        },
        "waiting": {"now": None, "past_target": None, "close": None},
        "longest": {"wait_ms": None, "queue": "", "past_target": False},
        "agents": {"logged_in": None, "states": {}, "reasons": {}, "occupancy": None},
        "abandoned": {"ratio": None, "abandoned": None, "offered": None},
        "queues": [],
        "exceptions": [
            {"severity": "warn", "code": "unknown_scope", kind: name, "since": None}
            for kind, name in named.items()
        ],
        "all_clear": False,
    }  # fmt: skip


def several_tenants(*tenants: str) -> Picture:
    """A worker that holds several tenants, and nobody has said whose wall he wants."""
    return {
        **unknown(),
        "title": "",
        "as_of": None,
        "sources": [],
        "tenants": [*tenants],
    }
