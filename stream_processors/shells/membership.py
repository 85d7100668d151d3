"""What concerns a static member of a group: who has its place, and how it is taken out.

No client of Python's takes one out by itself. A worker with a stable name does not leave when
it stops: it is expected back, and its partitions wait for the whole session. Who scales down
says so here. It is the request of Kafka's own admin clients (LeaveGroup, version 3, KIP-345).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas.errors import OutputFailed

_UNKNOWN_MEMBER = 25
_NO_ERROR = 0
_LEAVE_GROUP = 13
_TEXT = String("utf-8")


class _Left(Response):
    API_KEY = _LEAVE_GROUP
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "members",
            Array(("member_id", _TEXT), ("group_instance_id", _TEXT), ("error_code", Int16)),
        ),
    )


class _LeaveStruct(RequestStruct):
    API_KEY = _LEAVE_GROUP
    API_VERSION = 3
    RESPONSE_TYPE = _Left
    SCHEMA = Schema(
        ("group", _TEXT),
        ("members", Array(("member_id", _TEXT), ("group_instance_id", _TEXT))),
    )


class _Leave(Request[_LeaveStruct]):
    API_KEY = _LEAVE_GROUP

    def __init__(self, group: str, name: str) -> None:
        self._group = group
        self._name = name

    def build(self, request_struct_class: type[_LeaveStruct]) -> _LeaveStruct:
        return request_struct_class(self._group, [("", self._name)])


_ANSWER_SECONDS = 2.0


class Holder(NamedTuple):
    """Who has the place of a name in a group: its member id, and the address it speaks from."""

    member: str
    host: str


def holder(connection: Mapping[str, Any], group: str, name: str) -> Holder | None:
    """Return who has the place of a static member; None if nobody has, or nobody says; blocks.

    Args:
        connection: how to reach the brokers, in librdkafka's words.
        group: the consumer group.
        name: its static id.
    """
    admin = AdminClient(dict(connection))
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=_ANSWER_SECONDS)
        members = asked[group].result().members
    except KafkaException:
        return None
    found = (each for each in members if each.group_instance_id == name)
    return next((Holder(each.member_id, each.host.lstrip("/")) for each in found), None)


async def remove(connection: Mapping[str, Any], group: str, name: str) -> bool:
    """Take a static member out of a group at once; False if the group has none of that name.

    Args:
        connection: how to reach the brokers, in aiokafka's words.
        group: the consumer group.
        name: its static id.

    Raises:
        OutputFailed: the brokers do not do it.
    """
    client = AIOKafkaAdminClient(**connection)
    try:
        await client.start()
        coordinator = await client.find_coordinator(group)
        answer = await client._send_request_to_node(coordinator, _Leave(group, name))
        codes = {answer.error_code, *(code for _, _, code in answer.members)}
        codes.discard(_NO_ERROR)
        if codes == {_UNKNOWN_MEMBER}:
            return False
        for code in codes:
            raise for_code(code)
    except KafkaError as error:
        msg = f"cannot take {name} out of group {group}: {error}"
        raise OutputFailed(msg) from error
    finally:
        await client.close()
    return True
