"""Expressions of Prometheus from which boards are made.

A partition moves between workers, and for a moment two export it: every series is aggregated
over `instance`, `job` and `pod` before anything else. What time it is, the newest event says
and not the clock of Prometheus; that one only says how long ago the newest event was received.

A process that is gone takes its sources with it: those left are fresh, their sums too small.
So nothing is of now unless every process and every partition that has figures is read.
"""

from dashboards.limits import Limits
from schemas.topics import EVENTS

TENANT = 'tenant=~"$tenant|"'
"""One process that serves one tenant exports no label of it; whoever is chosen, it is his."""

QUEUE = 'queue=~"$queue"'
TEAM = 'team=~"$team"'
WINDOW = 'window="30m"'
"""The present on walls: the day belongs into reports."""

LAST = "pult_source_last_event_timestamp_seconds"
RECEIVED = "pult_source_last_received_timestamp_seconds"


def _behind(name: str) -> str:
    """Return an instant of the source that is furthest behind; of its feeds the newest."""
    return f"min(max without (instance, job, pod, feed) ({name}{{{TENANT}}}))"


_HELD = "pult_partition_backlog * 0 + on (job, instance) group_left () pult_ready"
_READ = f"sum(max by (partition) ({_HELD}))"
"""How many partitions are held by a worker that has read them up to now."""

PARTLY = f'({_READ} < {EVENTS.partitions} or up{{job="run"}} == 0)'
"""Something where figures are missing; who runs `pult run` has no partitions."""

KNOWN = f"{_behind(LAST)} unless on() {PARTLY}"
"""Until when every source is known, by its own clock."""

_AGE = f"time() - {_behind(RECEIVED)}"
AGE = f"clamp_min({_AGE} unless on() {PARTLY}, 0)"
FRESH = f"({_AGE} < {Limits.fresh} unless on() {PARTLY})"
"""By our clocks alone: a PBX whose clock is wrong is neither silent nor heard for that."""

_UNREAD = 'up{job="discipline"} == 0 and on (instance) up{job=~"processor|run"} == 1'
"""Violations that no rule hears of: the alert PultViolationsUnread before it fires."""

_JUDGED = 'ALERTS{alertname="Watchdog", alertstate="firing"}'
"""It fires always; where it does not, Prometheus has not our rules, and nobody is told."""

NOW = f"scalar(max({LAST}{{{TENANT}}}))"


def each(name: str, *matchers: str) -> str:
    """Return a metric of a domain, each series once, whoever exports it."""
    return f"max without (instance, job, pod) ({name}{{{', '.join((TENANT, *matchers))}}})"


def since(started: str) -> str:
    """Return how long ago [s] instants were."""
    return f"clamp_min({NOW} - {started}, 0)"


def live(expression: str, otherwise: str = "") -> str:
    """Return an expression that has an answer only while the figures are of now.

    Args:
        expression: what is shown.
        otherwise: an expression for when that has no answer although data is fresh: its values
            get a text of their own. Never a constant: that would be there without any data.
    """
    shown = f"({expression} or on() {otherwise})" if otherwise else f"({expression})"
    return f"{shown} and on() {FRESH}"


def nothing(metric: str = "cc_queue_waiting", *matchers: str) -> str:
    """Return -1 where a metric is exported at all: there is nothing to measure."""
    chosen = matchers or ((QUEUE,) if metric == "cc_queue_waiting" else ())
    return f"(sum({each(metric, *chosen)}) * 0 - 1)"


def firing(*selectors: str, by: str) -> str:
    """Return for how long [s] alerts have been firing, or one row AllClear.

    That is there only while data is fresh and whole, and rules are judged on it.

    Args:
        selectors: which alerts; any of these.
        by: labels that make a row.
    """
    told = " or ".join(f'ALERTS{{alertstate="firing", {TENANT}, {each}}}' for each in selectors)
    age = f"(time() - ALERTS_FOR_STATE) and ignoring(alertstate) ({told})"
    known = f"({FRESH} and on() {_JUDGED} unless on() ({_UNREAD})) * 0 - 1"
    clear = f'label_replace({known}, "alertname", "AllClear", "", "")'
    return f"sort_desc(max by ({by}) ({age}) or on() {clear})"


READY, NOT_READY = 'state="ready"', 'state="not_ready"'
QUEUE_OR_NONE = 'queue=~"$queue|"'
TEAM_OR_NONE = 'team=~"$team|"'
"""Of those chosen, or of nobody in particular: not every alert has every label."""
