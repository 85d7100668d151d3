"""What has to come out, from an adapter's journal alone: no broker, no worker, no sink.

As a program it waits for a line, then prints JSON: of each tenant the ids of all events, and
the digest of what follows from them in a store of its own.
`python -m tests.integration.whole.expected FOLDER TENANT...`
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.kinds import TRANSLATIONS
from pult import settings
from pult.lean import without_pandas
from schemas.errors import UntranslatableFrame
from schemas.events import Event, encode
from schemas.metrics import METRICS
from schemas.policies import PolicyHistory
from sql.digest import digest
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.integration.reading import frames
from tests.pult.command import dies_with_its_parent


@dataclass(frozen=True)
class Expected:
    """What one adapter's journal comes to.

    Attributes:
        ids: of its events, each once, in order.
        digest: rows of `pult digest`.
    """

    ids: list[str]
    digest: list[list[object]]


Compute: TypeAlias = Callable[[], dict[str, Expected]]


@contextmanager
def expecting(
    folder: Path, tenants: Sequence[str]
) -> Iterator[Callable[[], dict[str, Expected]]]:
    """Make ready for computing it in a process of its own: a process has one store.

    Yields:
        What computes it, once the journals are complete.
    """
    command = [sys.executable, "-m", __name__, str(folder), *tenants]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=Path(__file__).parents[3], preexec_fn=dies_with_its_parent,
    ) as process:  # fmt: skip

        def compute() -> dict[str, Expected]:
            said, complaint = process.communicate("now\n")
            assert process.returncode == 0, complaint
            return {tenant: Expected(**found) for tenant, found in json.loads(said).items()}

        try:
            yield compute
        finally:
            process.kill()


def _events(data: Path, tenant: str) -> list[Event]:
    """Return the events that follow from a journal, each once, in its order."""
    key = bytes.fromhex((data / "caller.key").read_text().strip())
    names = Naming(tenant, tenant, CallerKeys(key))
    found: dict[str, Event] = {}
    for frame, refused in frames(data / "journal"):
        if not refused:
            try:
                events = TRANSLATIONS[frame.feed](frame, names)
            except UntranslatableFrame:
                continue
            for event in events:
                found.setdefault(event.id, event)
    return list(found.values())


def _follows(folder: Path, tenant: str, store: EmbeddedStore) -> Expected:
    """Return what follows from one tenant's journal."""
    events = _events(folder / f"data-{tenant}", tenant)
    told = settings.load(folder / f"{tenant}.toml")
    terms = Terms(PolicyHistory([(0, told.policies(tenant))]))
    records = tuple(Record(n, encode(event)) for n, event in enumerate(events, 1))
    facts = apply(State(tenant, tenant), Batch(records), terms)
    store.writer.write_facts(facts, f"expected-{tenant}")
    rows = digest(store.client, told.timezone, tenant)
    return Expected(
        [event.id for event in events],
        [[row.table, row.day, row.rows, row.hash] for row in rows],
    )


def main(words: list[str]) -> int:
    """Print what follows from the journals of some tenants."""
    without_pandas()
    folder, *tenants = words
    store = EmbeddedStore(Path(folder, "expected"), METRICS)
    try:
        sys.stdin.readline()
        found = {tenant: asdict(_follows(Path(folder), tenant, store)) for tenant in tenants}
    finally:
        store.close()
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
