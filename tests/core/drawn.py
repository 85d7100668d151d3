"""How tests of the core draw what they try."""

from hypothesis import HealthCheck, settings


def some(examples: int) -> settings:
    """Return how so many examples are drawn: the same ones each time, however long it takes."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
