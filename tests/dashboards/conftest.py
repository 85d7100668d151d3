"""What tests of boards share."""

from collections.abc import Iterator

import pytest

from sql.embedded import EmbeddedStore
from tests.dashboards.grafana_stub import TOKEN, Stub, grafana
from tests.dashboards.half_hour import History, recorded


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Serve a Grafana that the environment names."""
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    with grafana() as served:
        monkeypatch.setenv("GRAFANA_URL", served.url)
        yield served


@pytest.fixture(scope="module")
def history(_opened: EmbeddedStore) -> History:
    """Return the recorded half hour as a history."""
    return recorded(_opened)
