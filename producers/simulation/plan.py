"""What to simulate: how large, how long, with which faults; checked before anything runs."""

from dataclasses import dataclass, field

from producers.simulation.day import DAY_MS, HOUR_MS
from schemas.errors import SimulationImpossible

MOST_SEATS = 10_000
MOST_QUEUES = 400
MOST_PARTS = 1_000
LONGEST_MS = 31 * DAY_MS
MOST_SKEW_MS = 110_000
"""A clock further ahead makes its events useless: two minutes are the fold's limit."""

LATEST_MS = 300_000
"""A late event comes at most this late; up to ten minutes the fold takes it as punctual."""

_CALLS_PER_SEAT_HOUR = 3.6
"""Mean over a whole day that keeps people on shift busy for three quarters of their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong: how often in all for each source, or with what share of events.

    A restart of the PBX ends its calls and log-ins. In a gap of the feed the world goes on
    untold. Late events come up to `late_by_ms` after their time, duplicates up to 5 s after
    the first; a source's clock is off by up to `skew_ms`.
    """

    restarts: int = 0
    gaps: int = 0
    gap_ms: int = 60_000
    duplicates: float = 0.0
    late: float = 0.0
    late_by_ms: int = 30_000
    skew_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One simulation. Instants are milliseconds since 1970 UTC, durations milliseconds.

    `seats` (people on the roster), `queues`, `sources` and `calls_per_hour` (mean over a
    weekday; None: as many as the seats can serve) are of each tenant. With `crm` each PBX has a
    CRM beside it.
    """

    seed: int
    begin_ms: int
    length_ms: int
    seats: int = 100
    queues: int = 4
    sources: int = 1
    tenant: str = "simulated"
    tenants: int = 1
    calls_per_hour: float | None = None
    heartbeat_ms: int = 1_000
    answer_within_ms: int = 20_000
    short_abandon_ms: int = 5_000
    faults: Faults = field(default_factory=Faults)
    crm: bool = False

    @property
    def end_ms(self) -> int:
        """When the last caller may arrive; calls in progress are finished after it."""
        return self.begin_ms + self.length_ms

    @property
    def hourly(self) -> float:
        """Calls per hour of a tenant, mean over a weekday."""
        given = self.calls_per_hour
        return self.seats * _CALLS_PER_SEAT_HOUR if given is None else given

    @property
    def tenant_names(self) -> list[str]:
        """Names of the tenants: the one given, or numbered."""
        if self.tenants == 1:
            return [self.tenant]
        return [f"{self.tenant}{number}" for number in range(1, self.tenants + 1)]

    def check(self) -> None:
        """Look for everything that cannot be.

        Raises:
            SimulationImpossible: with all that is wrong, in one line.
        """
        wrong = [*_wrong_sizes(self), *_wrong_faults(self.faults)]
        if wrong:
            msg = f"cannot simulate this: {'; '.join(wrong)}"
            raise SimulationImpossible(msg)


def _wrong_sizes(plan: Plan) -> list[str]:
    ranges = (
        ("seats", plan.seats, 1, MOST_SEATS),
        ("queues", plan.queues, 1, MOST_QUEUES),
        ("tenants", plan.tenants, 1, MOST_PARTS),
        ("sources", plan.sources, 1, MOST_PARTS),
        ("the length in hours", plan.length_ms / HOUR_MS, 1 / 60, LONGEST_MS / HOUR_MS),
        ("the seconds between heartbeats", plan.heartbeat_ms / 1000, 0.1, 60),
        ("calls per hour", plan.hourly, 0, 1_000_000),
    )
    wrong = _outside(ranges)
    if "/" in plan.tenant or not plan.tenant.isprintable():
        wrong.append(f"{plan.tenant!r} is no name of a tenant (no slash, nothing unprintable)")
    parts = min(plan.seats, plan.queues)
    if plan.sources > parts > 0:
        wrong.append(
            f"{plan.sources} sources need as many seats and queues, there are {parts} (fewer "
            "sources, or more of both)"
        )
    return wrong


def _wrong_faults(faults: Faults) -> list[str]:
    return _outside(
        (
            ("restarts", faults.restarts, 0, 100),
            ("gaps", faults.gaps, 0, 100),
            ("the seconds of a gap", faults.gap_ms / 1000, 1, 3600),
            ("the share of duplicates", faults.duplicates, 0, 0.5),
            ("the share of late events", faults.late, 0, 0.5),
            ("the seconds of lateness", faults.late_by_ms / 1000, 0.1, LATEST_MS / 1000),
            ("the seconds of skew", faults.skew_ms / 1000, 0, MOST_SKEW_MS / 1000),
        )
    )


def _outside(ranges: tuple[tuple[str, float, float, float], ...]) -> list[str]:
    return [
        f"{name} must be {least:g} to {most:g}, not {value:g}"
        for name, value, least, most in ranges
        if not least <= value <= most
    ]
