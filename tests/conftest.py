"""One engine for the tests of a module: a process has one at a time; each test begins empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pult.lean import without_pandas
from sql.embedded import EmbeddedStore

# As in `pult` itself: each process that tests run in would take a second to load them.
without_pandas()


@pytest.fixture(scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path_factory.mktemp("store"))
    yield opened
    opened.close()


@pytest.fixture
def store(_opened: EmbeddedStore) -> EmbeddedStore:
    query = (
        "SELECT name FROM system.tables WHERE database = 'pult' "
        "AND engine LIKE '%MergeTree' AND name != 'migrations'"
    )
    for (table,) in _opened.client.query(query).result_rows:
        _opened.client.command(f"TRUNCATE TABLE pult.{table}")
    return _opened


@pytest.fixture
def folder(store: EmbeddedStore) -> Path:
    return store.folder
