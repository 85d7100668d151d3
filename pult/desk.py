"""What people decide about episodes, over HTTP: into the log, like what a PBX says.

    POST /violations/EPISODE/ack|excuse|neutral?tenant=     {"author": ..., "reason": ...}

Who asks shows a token. The answer comes once the decision is on the disk, or in Kafka.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from producers.desk.reviews import Decision, checked
from schemas.errors import (
    EpisodeUnknown,
    JournalFailed,
    KafkaUnusable,
    ReviewRefused,
    StoreFailed,
)
from schemas.facts import Verdict
from stream_processors.core.instants import DAY_MS
from stream_processors.core.pipeline import FUTURE_MS

VERDICTS: dict[str, Verdict] = {
    "ack": "acknowledged",
    "excuse": "excused",
    "neutral": "neutral",
}
"""What people write, and the verdict it stands for."""

MOST_BYTES = 4096
"""No body is larger."""

_EPISODE = re.compile(r"[0-9a-f]{16}")
_BODY_SECONDS = 10.0

_LOG = logging.getLogger(__name__)

Keep: TypeAlias = Callable[[Decision, str], None]
"""Keeps a decision about an episode of a tenant (empty: the only one); once it returns it
survives a crash. Called in a thread, may wait.

Raises:
    EpisodeUnknown: there is no such episode.
    ReviewRefused: it cannot be told which one is meant.
    JournalFailed, StoreFailed, KafkaUnusable: nothing was kept.
"""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent; with `decided_at` [ms since 1970] it may be sent again and counts once."""

    author: str
    reason: str = ""
    decided_at: int | None = None


class Desk:
    """Takes decisions about episodes.

    Args:
        token: what whoever asks has to show.
        keep: keeps a decision.
        now_ms: the present [ms since 1970].
    """

    def __init__(self, token: str, keep: Keep, now_ms: Callable[[], int]) -> None:
        self._token = token
        self._keep = keep
        self._now_ms = now_ms

    def routes(self) -> list[web.RouteDef]:
        """Return the one route there is."""
        return [web.post("/violations/{episode}/{what}", self._review)]

    async def _review(self, request: web.Request) -> web.Response:
        if not allowed(request, self._token):
            shown = {"WWW-Authenticate": "Bearer"}
            return line(401, "show the token of the desk (Authorization: Bearer ...)", shown)
        episode, what = request.match_info["episode"], request.match_info["what"]
        if not _EPISODE.fullmatch(episode):
            return line(404, "an episode has 16 hexadecimal digits")
        if what not in VERDICTS:
            return line(404, f"nothing is called {what}; known: {', '.join(VERDICTS)}")
        try:
            body = await _body(request)
        except TimeoutError:
            return line(408, f"no whole body within {_BODY_SECONDS:g} s")
        if body is None:
            return line(413, f"a review has at most {MOST_BYTES} bytes")
        try:
            decision = _decision(episode, VERDICTS[what], body, self._now_ms())
            await asyncio.to_thread(self._keep, decision, request.query.get("tenant", ""))
        except EpisodeUnknown:
            return line(404, f"no episode {episode} is known")
        except ReviewRefused as refused:
            return line(400, str(refused))
        except (JournalFailed, StoreFailed, KafkaUnusable) as failure:
            return line(503, f"nothing was kept: {failure}")
        _LOG.info("review taken episode=%s verdict=%s", episode, decision.verdict)
        told = msgspec.json.encode({"episode_id": episode, "verdict": decision.verdict})
        return web.Response(body=told + b"\n", content_type="application/json")


async def _body(request: web.Request) -> bytes | None:
    """Return the whole body, None if it is too large."""
    told = b""
    if (request.content_length or 0) > MOST_BYTES:
        return None
    async with asyncio.timeout(_BODY_SECONDS):
        while piece := await request.content.read(MOST_BYTES):
            told += piece
            if len(told) > MOST_BYTES:
                return None
    return told


def _decision(episode: str, verdict: Verdict, body: bytes, now: int) -> Decision:
    """Return what was decided.

    Raises:
        ReviewRefused: the body is none, or says too little.
    """
    try:
        told = msgspec.json.decode(body, type=Body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"cannot take the review: {error}; send a JSON object with author and reason"
        raise ReviewRefused(msg) from error
    at = now if told.decided_at is None else told.decided_at
    if at > now + FUTURE_MS:
        msg = f"cannot take the review: it was decided {(at - now) // 1000} s from now"
        raise ReviewRefused(msg)
    if at < now - DAY_MS:
        msg = "cannot take the review: it was decided more than a day ago; leave decided_at out"
        raise ReviewRefused(msg)
    return checked(Decision(episode, verdict, told.author, at, told.reason))


def allowed(request: web.Request, token: str) -> bool:
    """Tell whether whoever asks has shown a token."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    # In constant time, so that nobody can guess it letter by letter.
    same = hmac.compare_digest(shown.strip().encode("utf-8", "surrogatepass"), token.encode())
    return same and scheme.lower() == "bearer"


def line(status: int, text: str, headers: dict[str, Any] | None = None) -> web.Response:
    """Return an answer of one line."""
    return web.Response(text=" ".join(text.split()) + "\n", status=status, headers=headers)
