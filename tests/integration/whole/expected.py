"""What has to come out, from an adapter's journal alone: no broker, no worker, no sink.

As a program it prints JSON: ids of all events, and the digest of what follows from them in a
store of its own. `python -m tests.integration.whole.expected DATA TENANT STORE [CONFIG]`
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Expected:
    """What one adapter's journal comes to.

    Attributes:
        ids: of its events, each once, in order.
        digest: rows of `pult digest`.
    """

    ids: list[str]
    digest: list[list[object]]


def expected(data: Path, tenant: str, scratch: Path, config: Path) -> Expected:
    """Compute it in a process of its own: a process has one store."""
    words: list[str | Path] = [data, tenant, scratch, config]
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.whole.expected", *words],
        check=False, capture_output=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Expected(**json.loads(done.stdout))


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


def main(words: list[str]) -> int:
    """Print what follows from a journal."""
    without_pandas()
    data, tenant, scratch, config = Path(words[0]), words[1], Path(words[2]), Path(words[3])
    events = _events(data, tenant)
    told = settings.load(config)
    terms = Terms(PolicyHistory([(0, told.policies(tenant))]))
    records = tuple(Record(n, encode(event)) for n, event in enumerate(events, 1))
    facts = apply(State(tenant, tenant), Batch(records), terms)
    store = EmbeddedStore(scratch, METRICS)
    try:
        store.writer.write_facts(facts, "expected")
        rows = [
            [row.table, row.day, row.rows, row.hash]
            for row in digest(store.client, told.timezone, tenant)
        ]
    finally:
        store.close()
    sys.stdout.write(json.dumps({"ids": [event.id for event in events], "digest": rows}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
