"""What a topic's id tells: it is the same topic, or one that was made anew."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from confluent_kafka import Uuid

from schemas.errors import LogTorn
from stream_processors.shells.topic_watch import TopicWatch

NONE, FIRST, SECOND = Uuid(0, 0), Uuid(1, 2), Uuid(3, 4)


@pytest.mark.parametrize(
    ("ids", "torn"),
    [
        ([FIRST, FIRST], False),
        ([FIRST, SECOND], True),
        # Brokers that know no ids are upgraded, one after another.
        ([NONE, FIRST, NONE, FIRST], False),
        ([FIRST, NONE, SECOND], True),
    ],
)
def test_a_topic_is_another_one_only_if_both_ids_are_known(
    monkeypatch: pytest.MonkeyPatch, ids: Sequence[Uuid], torn: bool
) -> None:
    watch = TopicWatch({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, ["acme.events"])
    told = iter(ids)
    monkeypatch.setattr(
        watch._news,
        "come",
        lambda: [("acme.events", SimpleNamespace(topic_id=next(told), partitions=[None] * 32))],
    )

    found = False
    try:
        for _ in ids:
            watch.look()
    except LogTorn as failure:
        found = "acme.events was made anew while it was read" in str(failure)

    assert found == torn
