"""Bodies on their way in: bounded in time, in size and all together; unpacked where packed."""

import asyncio
import zlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiohttp import StreamReader, web

BODY_SECONDS = 10.0
"""A whole body comes within so long."""

MOST_UNDER_WAY = 64 * 1024 * 1024
"""Bytes of bodies that are being read or kept, of all sources together."""

_PORTION = 64 * 1024
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_UNREADABLE = frozenset({"br", "zstd", "compress", "x-compress"})
_TOO_MUCH = "too much at once; send it again"
_TORN = "the body is cut short or badly packed"


class BodyRefused(Exception):
    """A body is not taken; the text, which has nothing of it, is for its sender and the log."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Room:
    """Memory for the bodies of all sources together; for one event loop.

    Attributes:
        taken: bytes of it, at present.
    """

    def __init__(self, most: int = MOST_UNDER_WAY) -> None:
        self.taken = 0
        self._most = most
        # A dict, for it keeps the order in which they came.
        self._strangers: dict[Body, None] = {}

    def enter(self, body: "Body") -> None:
        """Note that a stranger's body comes."""
        self._strangers[body] = None

    def leave(self, body: "Body") -> None:
        """Note that it is a stranger's no more, or no more there."""
        self._strangers.pop(body, None)

    def take(self, body: "Body", count: int) -> None:
        """Count bytes of a body; the strangers who came first give way to it.

        Raises:
            BodyRefused: nobody else gives way.
        """
        self.taken += count
        while self.taken > self._most:
            first = next(iter(self._strangers), body)
            if first is body:
                raise BodyRefused(503, _TOO_MUCH)
            first.give_way()


class Body:
    """One body on its way in; it counts in the room until it is let go.

    Args:
        room: in which it counts.
        most: bytes, packed and unpacked.
        is_known: whether its sender has shown who he is.
    """

    def __init__(self, room: Room, most: int, is_known: bool) -> None:
        self._room = room
        self._most = most
        self._bytes = 0
        self._pieces: list[bytes] = []
        self._deadline = asyncio.timeout(BODY_SECONDS)
        self._gave_way = False
        if not is_known:
            room.enter(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._let_go()

    def known(self) -> None:
        """Note that its sender has shown who he is."""
        self._room.leave(self)

    def give_way(self) -> None:
        """Be read no further, and free its memory at once."""
        self._gave_way = True
        self._let_go()
        if not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def read(self, content: StreamReader) -> bytes:
        """Return the whole of it.

        Raises:
            BodyRefused: it is too large, too slow, or torn; or others need the memory.
        """
        try:
            async with self._deadline:
                while piece := await content.read(_PORTION):
                    self._grow(len(piece), len(piece) + self._bytes)
                    self._pieces.append(piece)
        except TimeoutError:
            self._stay()
            msg = f"no whole body within {BODY_SECONDS:g} s"
            raise BodyRefused(408, msg) from None
        except (web.RequestPayloadError, ConnectionError, ValueError) as error:
            raise BodyRefused(400, _TORN) from error
        self._stay()
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole

    def unpacked(self, came: bytes, packing: str) -> bytes:
        """Return what was packed.

        Raises:
            BodyRefused: it is too large, or was not packed like that.
        """
        if not packing or not came:
            return came
        try:
            whole = _inflated(came, _PACKED[packing], self._most + 1)
        except zlib.error as error:
            raise BodyRefused(400, _TORN) from error
        self._grow(len(whole), len(whole))
        return whole

    def _grow(self, count: int, size: int) -> None:
        self._stay()
        self._bytes += count
        self._room.take(self, count)
        if size > self._most:
            raise too_large(self._most)

    def _stay(self) -> None:
        """Go on, unless it gave way to others."""
        if self._gave_way:
            raise BodyRefused(503, _TOO_MUCH)

    def _let_go(self) -> None:
        self._room.leave(self)
        self._room.taken -= self._bytes
        self._bytes = 0
        self._pieces.clear()


def too_large(most: int) -> BodyRefused:
    """Return the refusal of a body of more than so many bytes."""
    return BodyRefused(413, f"a body has at most {most} bytes")


def packing_of(headers: Iterable[str]) -> str:
    """Return how a body is packed, empty if it is not.

    Words that name no packing, such as utf-8, are passed over: many write there what they like.

    Args:
        headers: all of Content-Encoding.

    Raises:
        BodyRefused: it is packed in a way that is not read here.
    """
    words = [word.strip().lower() for each in headers for word in each.split(",")]
    named = [word for word in words if word in _PACKED or word in _UNREADABLE]
    if len(named) > 1 or _UNREADABLE.intersection(named):
        msg = f"a body may be packed once, as one of {', '.join(_PACKED)}"
        raise BodyRefused(415, msg)
    return named[0] if named else ""


def _inflated(packed: bytes, bits: int, most: int) -> bytes:
    """Return what was packed, of more than so many bytes only the first ones.

    Raises:
        zlib.error: it was not packed like that, or not to its end.
    """
    if bits == 15 and (packed[0] & 15 != 8 or int.from_bytes(packed[:2], "big") % 31):
        bits = -15  # some leave the two bytes before it out
    whole = b""
    while packed and len(whole) < most:
        member = zlib.decompressobj(bits)
        whole += member.decompress(packed, most - len(whole))
        if not member.eof and len(whole) < most:
            msg = "it ends too soon"
            raise zlib.error(msg)
        packed = member.unused_data
    return whole
