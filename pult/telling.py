"""What this command has to say, to whoever may write the log: an owner over HTTP, or Kafka."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from producers.frame import Frame, Naming
from producers.identity import NO_CALLERS
from producers.translated import translated
from pult.folder import owner
from pult.settings import Settings
from schemas.errors import DataFolderUnusable, KafkaUnusable, NotAllowed
from schemas.topics import EVENTS

_ANSWER_SECONDS = 30.0
_KAFKA_SECONDS = 20.0


class Refused(Exception):
    """Whoever owns the data folder did not take it: a status of HTTP, and what he said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def tell_owner(
    data: Path, address: str, path: str, body: Mapping[str, Any], token: str
) -> None:
    """Say something to the process that owns a data folder, at its wall's address.

    Raises:
        Refused: it was not taken, for a reason of its own.
        NotAllowed: our token is not the one it wants.
        DataFolderUnusable: whether it was taken is not known.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        address + path, json.dumps(body).encode(), headers, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_SECONDS):
            return
    except urllib.error.HTTPError as error:
        said = error.read(2_000).decode(errors="replace").strip() or str(error)
        if error.code == 401:
            msg = (
                f"{owner(data)} does not take our token; the settings name another than it "
                "was started with (desk.token_env, desk.token_file)"
            )
            raise NotAllowed(msg) from error
        raise Refused(error.code, said) from error
    except OSError as error:
        msg = (
            f"cannot ask {owner(data)} at {address}: {error}; whether it kept what we said is "
            "not known, saying it again does no harm"
        )
        raise DataFolderUnusable(msg) from error


def into_kafka(
    frames: Sequence[Frame],
    tenant: str,
    domain: str,
    settings: Settings,
    environ: Mapping[str, str],
) -> str:
    """Say something to the workers, by way of Kafka; return the topic.

    Raises:
        KafkaUnusable: the brokers did not take it within 20 s.
        SettingsInvalid: a file cannot be read, or the password is not in the environment.
    """
    # Loaded only by those who have Kafka.
    from confluent_kafka import KafkaError

    from producers.session import Entry, Session, Undelivered
    from pult import kafka, topics
    from schemas.events import encode

    topics.require(kafka.connect(settings.kafka, environ), settings.kafka)
    topic = EVENTS.named(settings.kafka.prefix)
    names = Naming(tenant, domain, NO_CALLERS)
    entries = [
        Entry(topic, domain.encode(), encode(event), 0, 0, frames[place])
        for place, event in translated(list(enumerate(frames)), names)[0]
    ]
    heard: list[KafkaError] = []
    session = Session(kafka.librdkafka(settings.kafka, environ), heard.append)

    def patient(seconds: float) -> None:
        if seconds > _KAFKA_SECONDS:
            raise KafkaUnusable(kafka.explained(heard, settings.kafka))

    try:
        session.send(entries)
        session.settle(patient)
    except Undelivered as error:
        raise KafkaUnusable(kafka.explained(error.errors, settings.kafka)) from error
    finally:
        session.close()
    return topic
