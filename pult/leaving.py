"""`--leave` of a processor or a sink: scaling down without waiting for a session to run out."""

import asyncio
from collections.abc import Mapping

from pult import kafka
from pult.settings import Settings
from stream_processors.shells.membership import remove


def leave(settings: Settings, environ: Mapping[str, str], name: str, group: str = "") -> str:
    """Take a stopped worker (or a sink, by its `group`) out; return what happened in a line.

    Raises:
        KafkaUnusable: no broker answers, or none lets us in.
        OutputFailed: the brokers do not do it.
    """
    kafka.connect(settings.kafka, environ)
    if asyncio.run(remove(kafka.aiokafka(settings.kafka, environ), group, name)):
        return f"{name} has left group {group}; the others take over its partitions now"
    return f"group {group} has no member {name}; nothing to do"
