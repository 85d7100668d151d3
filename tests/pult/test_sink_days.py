"""Days that an event reached too late, while the store is away."""

import logging

import pytest
from clickhouse_connect.driver.client import Client

from pult.sink_days import SinkDays, Topics
from schemas.errors import StoreFailed
from schemas.policies import Policies


def test_why_late_days_wait_is_told_in_the_words_of_the_settings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def open_client() -> Client:
        days.stop()
        msg = "HTTPConnectionPool(host='127.0.0.1'): Max retries exceeded"
        raise StoreFailed(msg)

    days = SinkDays(
        Topics(events="e", facts="f", snapshots="s", processors="p"),
        {},
        open_client,
        parts=list,
        policies_of=lambda tenant: Policies(),
        folded=lambda count: None,
        explain_store=lambda failure: "nobody listens there; check clickhouse.url",
    )
    with caplog.at_level(logging.WARNING):
        days.run()

    assert caplog.messages == ["late days wait: nobody listens there; check clickhouse.url"]
