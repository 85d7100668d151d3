"""The recorded half hour as several tenants' events, and what it comes to in one process."""

from collections.abc import Iterator, Sequence
from functools import cache

from producers.frame import Naming, Rejected
from producers.identity import CallerKeys
from producers.kinds import KINDS
from schemas.events import encode
from schemas.facts import Fact
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.integration.workers import Site, kept
from tests.oracles.lab_numbers import LAB
from tests.shells.records import of
from tests.timetable import terms

TENANTS = [f"tenant-{n}" for n in range(6)]
EVENTS = 2_500


@cache
def half_hour(events: int | None = None) -> Sequence[bytes]:
    """The recorded half hour as events, or its beginning."""
    kind = KINDS["asterisk-ami"]
    names = Naming("lab", "lab", CallerKeys(b"tests"))
    values: list[bytes] = []
    for frame in kind.frames([LAB / "ami.log.gz"], "pbx1", 0, 0):
        if not isinstance(frame, Rejected):
            values += [encode(event) for event in kind.translate(frame, names)]
        if events is not None and len(values) >= events:
            break
    return values[:events]


def recorded() -> Sequence[bytes]:
    """As much of it as the tests of workers need."""
    return half_hour(EVENTS)


def interleaved(values: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """All tenants' telling of the same, side by side."""
    for value in values:
        for tenant in TENANTS:
            yield tenant, of(value, tenant)


def in_one_process(log: Sequence[tuple[bytes | None, bytes | None]]) -> dict[str, list[Fact]]:
    """Fold the records of a partition without anything of the worker: one apply for each."""
    found: dict[str, list[Fact]] = {}
    by_key: dict[str, list[Record]] = {}
    for offset, (key, value) in enumerate(log):
        by_key.setdefault((key or b"").decode(), []).append(Record(offset, value or b""))
    for tenant, records in by_key.items():
        state = State(tenant, tenant, position=-1)
        found[tenant] = apply(state, Batch(tuple(records)), terms())
    return found


def expected(installation: Site) -> dict[str, list[Fact]]:
    whole: dict[str, list[Fact]] = {}
    for records in installation.read("events").values():
        whole |= in_one_process(records)
    return whole


def assert_equal(installation: Site) -> None:
    """Every tenant's facts are those of one process: newest revision of each key."""
    found, wanted = installation.facts(), expected(installation)
    assert set(found) == set(wanted)
    for tenant, facts in wanted.items():
        assert kept(found[tenant]) == kept(facts), tenant
