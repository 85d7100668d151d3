"""Expressions of Prometheus from which boards are made.

A partition moves between workers, and for a moment two export it: every series is aggregated
over `instance`, `job` and `pod` before anything else. What time it is, the newest event says
and not the clock of Prometheus; that one only says how old the newest event is.
"""

from dashboards.limits import Limits

TENANT = 'tenant=~"$tenant|"'
"""One process that serves one tenant exports no label of it; whoever is chosen, it is his."""

QUEUE = 'queue=~"$queue"'
TEAM = 'team=~"$team"'
WINDOW = 'window="30m"'
"""The present on walls: the day belongs into reports."""

LAST = "pult_source_last_event_timestamp_seconds"
OLDEST = f"min(max without (instance, job, pod, feed) ({LAST}{{{TENANT}}}))"
"""Until when every source is known: the newest event of the source that is furthest behind."""

NOW = f"scalar(max({LAST}{{{TENANT}}}))"
AGE = f"clamp_min(time() - {OLDEST}, 0)"


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
    return f"{shown} and on() (time() - {OLDEST} < {Limits.fresh})"


def nothing(metric: str = "cc_queue_waiting", *matchers: str) -> str:
    """Return -1 where a metric is exported at all: there is nothing to measure."""
    chosen = matchers or ((QUEUE,) if metric == "cc_queue_waiting" else ())
    return f"(sum({each(metric, *chosen)}) * 0 - 1)"


def firing(*selectors: str, by: str) -> str:
    """Return for how long [s] alerts have been firing, or one row AllClear while data is fresh.

    Args:
        selectors: which alerts; any of these.
        by: labels that make a row.
    """
    told = " or ".join(f'ALERTS{{alertstate="firing", {TENANT}, {each}}}' for each in selectors)
    age = f"(time() - ALERTS_FOR_STATE) and ignoring(alertstate) ({told})"
    fresh = f"((time() - {OLDEST} < bool {Limits.fresh}) == 1) * 0 - 1"
    clear = f'label_replace({fresh}, "alertname", "AllClear", "", "")'
    return f"sort_desc(max by ({by}) ({age}) or on() {clear})"


READY, NOT_READY = 'state="ready"', 'state="not_ready"'
QUEUE_OR_NONE = 'queue=~"$queue|"'
TEAM_OR_NONE = 'team=~"$team|"'
"""Of those chosen, or of nobody in particular: not every alert has every label."""
