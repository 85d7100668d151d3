"""Pictures of a contact centre, written by hand, as the wall receives them."""

from typing import Any, TypeAlias

Picture: TypeAlias = dict[str, Any]

AS_OF = 1_795_336_927_265  # Sunday 22 November 2026, 11:42:07 in Moscow
MINUTE = 60_000


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


def bad_day() -> Picture:
    """Support drowns, sales slips, the rest is fine."""
    return {
        "version": "0.1.0",
        "title": "Support centre",
        "timezone": "Europe/Moscow",
        "mode": "live",
        "speed": 1,
        "as_of": AS_OF,
        "sources": [{"source": "pbx1", "last_at": AS_OF, "silent": False}],
        "scope": {"queues": [], "team": ""},
        "service_level": {
            "ratio": 0.61,
            "in_time": 104,
            "counted": 171,
            "target": 0.8,
            "answer_within_ms": 20_000,
            "history": [
                *[0.86, 0.9, 0.84, 0.86, 0.88, 0.8, 0.79, 0.81, None, 0.83],
                *[0.77, 0.72, 0.74, 0.7, 0.66, 0.64, 0.63, 0.6, 0.59, 0.61],
            ],
        },
        "waiting": {"now": 9, "past_target": 3, "close": 2},
        "longest": {"wait_ms": 108_000, "queue": "Support", "past_target": True},
        "agents": {
            "logged_in": 14,
            "states": {
                "ready": 1,
                "reserved": 0,
                "talking": 8,
                "holding": 1,
                "wrapup": 1,
                "not_ready": 3,
            },
            "reasons": {"Lunch": 2, "Training": 1},
            "occupancy": 0.91,
        },
        "abandoned": {"ratio": 0.041, "abandoned": 7, "offered": 171},
        "queues": [
            queue("VIP", 1.0),
            queue("Billing", 0.86, 1, 3_000),
            queue("Support", 0.33, 6, 108_000, 3),
            queue("Retention", None),
            queue("Sales", 0.72, 2, 14_000),
        ],
        "exceptions": [
            {
                "severity": "warn",
                "code": "level_under_target",
                "queue": "Sales",
                "ratio": 0.72,
                "target": 0.8,
                "since": AS_OF - 11 * MINUTE,
            },
            {
                "severity": "act",
                "code": "queue_past_target",
                "queue": "Support",
                "count": 3,
                "since": AS_OF - 2 * MINUTE - 7_000,
            },
            {
                "severity": "act",
                "code": "nobody_ready",
                "queue": "Support",
                "since": AS_OF - 48_000,
            },
        ],
        "all_clear": False,
    }


def fine_day() -> Picture:
    """Nothing deviates: a quiet wall."""
    return {
        **bad_day(),
        "service_level": {
            "ratio": 0.88,
            "in_time": 150,
            "counted": 171,
            "target": 0.8,
            "answer_within_ms": 20_000,
            "history": [0.84, 0.86, 0.85, 0.87, 0.9, 0.91, 0.88, 0.87, 0.89, 0.88],
        },
        "waiting": {"now": 2, "past_target": 0, "close": 0},
        "longest": {"wait_ms": 6_000, "queue": "Billing", "past_target": False},
        "agents": {
            "logged_in": 14,
            "states": {
                "ready": 4,
                "reserved": 1,
                "talking": 6,
                "holding": 0,
                "wrapup": 1,
                "not_ready": 2,
            },
            "reasons": {"Lunch": 2},
            "occupancy": 0.71,
        },
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
        **bad_day(),
        "service_level": {
            "ratio": None,
            "in_time": 0,
            "counted": 0,
            "target": 0.8,
            "answer_within_ms": 20_000,
            "history": [None, None, None],
        },
        "waiting": {"now": 0, "past_target": 0, "close": 0},
        "longest": {"wait_ms": None, "queue": None, "past_target": False},
        "agents": {
            "logged_in": 0,
            "states": dict.fromkeys(bad_day()["agents"]["states"], 0),
            "reasons": {},
            "occupancy": None,
        },
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
            {
                "severity": "act",
                "code": "queue_past_target",
                "queue": long,
                "count": 9,
                "since": AS_OF - 12 * MINUTE,
            },
            *(
                {
                    "severity": "warn",
                    "code": "level_under_target",
                    "queue": f"Region {n}",
                    "ratio": 0.66 + n / 40,
                    "target": 0.8,
                    "since": AS_OF - 70 * MINUTE,
                }
                for n in range(4)
            ),
            {
                "severity": "act",
                "code": "numbers_differ",
                "queue": "Branch 07",
                "count": 2,
                "since": AS_OF - 5 * MINUTE,
            },
            *(
                {
                    "severity": "act",
                    "code": "nobody_ready",
                    "queue": f"Quiet {n}",
                    "since": AS_OF - MINUTE,
                }
                for n in range(5)
            ),
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
