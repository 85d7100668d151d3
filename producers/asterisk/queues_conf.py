"""What `queues.conf` says of queues, as GetConfig of the manager interface tells it.

The answer is one message: `Category-NNNNNN: name` for each section in the order of the file,
and `Line-NNNNNN-MMMMMM: name=value` for each line of it. Templates themselves are left out; the
lines that a section has from them stand before its own, and of one name the last counts.

Source: Asterisk main/manager.c (`action_getconfig`), apps/app_queue.c (`queue_set_param`).
"""

import re
from collections.abc import Mapping

FILE = "queues.conf"

_GENERAL = "general"
_WRAPUP = "wrapuptime"
_SECTION, _LINE = "Category-", "Line-"
_DIGITS = 6
_SECONDS = re.compile(r"\s*(\d+)")


def wrapup_seconds(answer: Mapping[str, str]) -> dict[str, int]:
    """Return the wrap-up times [s] of the queues that have one."""
    found: dict[str, int] = {}
    for key in sorted(key for key in answer if key.startswith(_LINE)):
        section = answer.get(_SECTION + key[len(_LINE) :][:_DIGITS], _GENERAL)
        name, _, value = answer[key].partition("=")
        if section.lower() != _GENERAL and name.strip().lower() == _WRAPUP:
            number = _SECONDS.match(value)
            found[section] = int(number[1]) if number else 0
    return {queue: seconds for queue, seconds in found.items() if seconds}
