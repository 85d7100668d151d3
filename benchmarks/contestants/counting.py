"""The work that is counting: which queue an event is of, decoded alike by both sides."""

import msgspec


class _Data(msgspec.Struct):
    queue_id: str = ""


class _Told(msgspec.Struct):
    tenant: str
    data: _Data


_DECODER = msgspec.json.Decoder(_Told)


def queue_of(value: bytes) -> str:
    """Return tenant and queue of an event; events of no queue are counted together."""
    told = _DECODER.decode(value)
    return f"{told.tenant}/{told.data.queue_id}"
