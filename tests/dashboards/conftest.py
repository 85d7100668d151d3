"""What tests of boards share."""

from collections.abc import Iterator

import pytest

from tests.dashboards.grafana_stub import TOKEN, Stub, grafana


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Serve a Grafana that the environment names."""
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    with grafana() as served:
        monkeypatch.setenv("GRAFANA_URL", served.url)
        yield served
