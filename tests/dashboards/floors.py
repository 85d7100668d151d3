"""People of a contact centre, written by hand, as the supervisor's page receives them."""

from typing import Any

from tests.dashboards.pictures import AS_OF, MINUTE, Picture, head

NAMES = (
    "Anna Petrova", "Boris Smirnov", "Clara Weiss", "Dmitri Orlov", "Elena Sokolova",
    "Farid Aliyev", "Galina Ivanova", "Hugo Martin", "Irina Belova", "Jamal Haddad",
)  # fmt: skip


def episode(
    number: int, rule: str, severity: str, minutes: float, *, acknowledged: bool = False
) -> dict[str, Any]:
    """One open violation that fired so long ago."""
    return {
        "episode": f"{number:016x}",
        "rule": rule,
        "severity": severity,
        "acknowledged": acknowledged,
        "since": AS_OF - round(minutes * MINUTE),
    }


def person(name: str, **told: Any) -> dict[str, Any]:
    """One row: free for 45 s, logged in for two hours, twelve calls today."""
    return {
        "agent": name,
        "team": "front",
        "state": "ready",
        "reason": "",
        "since": AS_OF - 45_000,
        "logged_in_since": AS_OF - 120 * MINUTE,
        "answered": 12,
        "talk_mean_ms": 183_400.0,
        "missed": 0,
        "breaks": 1,
        "break_ms": 9 * MINUTE,
        "break_since": None,
        "violations": [],
        **told,
    }


def floor(*people: dict[str, Any], **told: Any) -> Picture:
    """What is sent of so many people."""
    return {
        **head(),
        "tenants": [],
        "teams": ["back", "front"],
        "counted_since": None,
        "people": list(people),
        "team_violations": [],
        "exceptions": [],
        **told,
    }


def small_floor() -> Picture:
    """Seven people: two on calls, one late from lunch, one absent whom nobody has seen."""
    return floor(
        person("Anna Petrova", state="talking", since=AS_OF - 192_000),
        person(
            "Boris Smirnov", state="not_ready", reason="Lunch", since=AS_OF - 43 * MINUTE,
            break_since=AS_OF - 43 * MINUTE, breaks=2,
            violations=[episode(0x31B77C4A3AD7CF5D, "late_return", "critical", 12)],
        ),
        person("Clara Weiss"),
        person(
            "Dmitri Orlov", team="back", state="reserved", since=AS_OF - 6_000, missed=3,
            violations=[
                episode(0x51, "rona", "warning", 4.2),
                episode(0x52, "slow_handling", "warning", 95, acknowledged=True),
            ],
        ),
        person("Elena Sokolova", team="back", state="talking", since=AS_OF - 71_000),
        person(
            "Farid Aliyev", state="offline", since=AS_OF - 200 * MINUTE, logged_in_since=None,
            answered=0, talk_mean_ms=None, breaks=0, break_ms=0,
        ),
        {
            **dict.fromkeys(person(""), None), "agent": "Galina Ivanova", "team": "back",
            "state": "", "reason": "",
            "violations": [episode(0x61, "no_show", "warning", 31)],
        },
    )  # fmt: skip


def full_floor(count: int = 50) -> Picture:
    """A full shift; the system is suspected in one team, some violate several rules."""
    states = ("talking", "talking", "ready", "wrapup", "not_ready", "holding", "reserved")
    people = []
    for n in range(count):
        state = states[n % len(states)]
        away = state == "not_ready"
        found = []
        if n % 9 == 4:
            found.append(
                episode(0x7000 + n, "late_return", "critical" if n > 30 else "warning", n)
            )
        if n % 13 == 5:
            found.append(
                episode(0x8000 + n, "slow_handling", "warning", 3 * n, acknowledged=n > 20)
            )
        if n == 31:
            found.append(episode(0x9000, "break_budget", "info", 2))
        people.append(
            person(
                f"{NAMES[n % 10]} {n // 10 + 1}",
                team=("front", "back", "night")[n % 3],
                state=state,
                reason=("Lunch", "Training")[n % 2] if away else "",
                since=AS_OF - (7 + 13 * n) * 1000,
                answered=40 - n % 23,
                missed=n % 4,
                talk_mean_ms=120_000.0 + 3_700 * n,
                breaks=n % 3,
                break_ms=(n % 3) * 11 * MINUTE,
                break_since=AS_OF - (7 + 13 * n) * 1000 if away else None,
                logged_in_since=AS_OF - (200 + 3 * n) * MINUTE,
                violations=found,
            )
        )
    suspect = {**episode(0xA1, "system_suspect", "warning", 3), "team": "night"}
    return floor(*people, teams=["back", "front", "night"], team_violations=[suspect])
