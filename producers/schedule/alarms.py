"""Alarms of a real-time adherence board into our thresholds.

Graces are whole minutes: {"BSL": {"grace": 5, "codes": ["WORK"], ...}, ...}. An alarm that no
rule of ours stands for is named, not dropped.
"""

import json
from pathlib import Path
from typing import Any

from producers.recording import read_chunks, unreadable

KIND = "alarms of a schedule"

RULES = {
    "BSL": ("late_login", "grace", "grace"),
    "ESE": ("early_logout", "grace", "grace"),
    "EBL": ("late_return", "grace", "grace"),
    "WOB": ("work_instead_of_break", "limit", "grace"),
    "ESL": ("not_logged_out", "after", "grace"),
}
"""Alarm: rule, its threshold, and the alarm's own word for that."""

WITHOUT_RULE = {
    "BSE": "comes early",
    "BBE": "goes to a break early (unscheduled_break tells it)",
    "BXE": "goes to an exception early",
    "EXL": "comes back from an exception late (late_return tells it, with its own grace)",
    "WOE": "works in an exception",
    "SIU": "is logged in outside the shift",
    "SOU": "is logged out in the shift (early_logout and late_login tell it)",
}


def settings(path: Path) -> str:
    """Return the `[discipline]` settings that alarms stand for, as TOML.

    Raises:
        UnreadableRecording: it cannot be read, or a grace is no number of minutes.
    """
    try:
        alarms: Any = json.loads(b"".join(read_chunks(path, KIND)))
    except (ValueError, RecursionError) as error:
        raise unreadable(path, KIND, f"it is no JSON: {error}") from error
    if not isinstance(alarms, dict) or not all(isinstance(a, dict) for a in alarms.values()):
        raise unreadable(path, KIND, "it is no object of alarms")
    lines = []
    for code, alarm in alarms.items():
        if code in RULES:
            rule, threshold, word = RULES[code]
            lines.append(f"[discipline.{rule}]  # {code}")
            lines.append(f'{threshold} = "{_minutes(path, code, alarm.get(word))}m"')
        else:
            means = WITHOUT_RULE.get(code, "unknown to Pult")
            lines.append(f"# {code}: no rule of its own: {means}")
    return "\n".join(lines)


def _minutes(path: Path, code: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unreadable(path, KIND, f"grace of {code} is no whole number of minutes: {value}")
    return value
