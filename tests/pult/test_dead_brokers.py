"""Questions to brokers of which one has just died: asked again, with bounded patience."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pult import topics
from pult.kafka import require_group
from pult.server_settings import KafkaSettings
from schemas.errors import KafkaUnusable

SETTINGS = KafkaSettings(bootstrap="127.0.0.1:1")


class Answer:
    """What a client's future gives: rights, or an error."""

    def __init__(self, error: int | None) -> None:
        self._error = error

    def result(self) -> SimpleNamespace:
        """Return that nothing is allowed."""
        if self._error is not None:
            raise KafkaException(KafkaError(self._error))
        return SimpleNamespace(authorized_operations=[])


class Client:
    """Answers in turn, and remembers with how much patience [s] it was asked."""

    def __init__(self, *errors: int | None) -> None:
        self._errors = list(errors)
        self.asked: list[float] = []

    def describe_consumer_groups(
        self, groups: list[str], *, request_timeout: float, **_: object
    ) -> Mapping[str, Answer]:
        """Answer what may be done in a group."""
        self.asked.append(request_timeout)
        return {groups[0]: Answer(self._errors.pop(0))}

    def list_topics(self, timeout: float) -> NoReturn:
        """Refuse at once."""
        self.asked.append(timeout)
        raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))


def test_what_a_dead_broker_was_asked_another_one_is_asked() -> None:
    client = Client(KafkaError._TIMED_OUT, None)

    with pytest.raises(KafkaUnusable, match="join group workers"):
        require_group(cast(AdminClient, client), "workers", SETTINGS)
    assert client.asked == [2.0, 4.0]


def test_what_is_refused_is_not_asked_again() -> None:
    client = Client(KafkaError.GROUP_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaUnusable, match="join group workers"):
        require_group(cast(AdminClient, client), "workers", SETTINGS)
    assert client.asked == [2.0]


def test_patience_does_not_grow_without_end_where_answers_come_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topics, "_ANSWER_SECONDS", 0.5)
    client = Client()

    with pytest.raises(KafkaUnusable, match="for its topics"):
        topics.check(cast(AdminClient, client), SETTINGS)
    assert len(client.asked) > 2
    assert max(client.asked) == 2.0
