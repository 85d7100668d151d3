"""What is planned, over HTTP: into the journal, like what a PBX says.

    POST /schedules     {"source": "schedule", "plans": ["1772442000000 {...}", ...]}

`pult import schedule` sends it while another process owns the data folder. Who asks shows the
token of the desk; the answer comes once all plans are on the disk. The version of each is given
here, at least the one sent; what holds already is not kept again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec
from aiohttp import web

from producers.frame import Frame
from producers.schedule import published
from pult.desk import allowed, line
from pult.plan_versions import Known, PlanVersions
from schemas.errors import JournalFailed, MalformedEvent, UntranslatableFrame
from schemas.events import DESK, SchedulePublishedData
from stream_processors.core.pipeline import FUTURE_MS

PATH = "/schedules"
MOST_BYTES = 64 * 1024 * 1024
"""A year of plans of a thousand people."""

_BODY_SECONDS = 60.0

_WRONG = (UntranslatableFrame, MalformedEvent, msgspec.MsgspecError, UnicodeDecodeError)

_LOG = logging.getLogger(__name__)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent: plans as they are kept in a journal (producers/schedule/published.py)."""

    source: str
    plans: list[str]


class PlanDesk:
    """Takes plans of one tenant.

    Args:
        token: what whoever asks has to show.
        known: tells the plan that holds; asked in a thread.
        take: keeps frames; once it returns they survive a crash.
        now_us: the present [us since 1970].
    """

    def __init__(
        self,
        token: str,
        known: Known,
        take: Callable[[Sequence[Frame]], None],
        now_us: Callable[[], int],
    ) -> None:
        self._token = token
        self._versions = PlanVersions(known)
        self._one_by_one = asyncio.Lock()
        self._take = take
        self._now_us = now_us

    def routes(self) -> list[web.RouteDef]:
        """Return the one route there is."""
        return [web.post(PATH, self._publish)]

    async def _publish(self, request: web.Request) -> web.Response:
        if not allowed(request, self._token):
            shown = {"WWW-Authenticate": "Bearer"}
            return line(401, "show the token of the desk (Authorization: Bearer ...)", shown)
        if (request.content_length or MOST_BYTES + 1) > MOST_BYTES:
            return line(413, f"a body with Content-Length is wanted, of at most {MOST_BYTES} B")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                content = await request.content.read(-1)
        except TimeoutError:
            return line(408, f"no whole body within {_BODY_SECONDS:g} s")
        try:
            async with self._one_by_one:
                count = await asyncio.to_thread(self._keep, content)
        except _WRONG as error:
            return line(400, f"cannot take the plans: {error}")
        except JournalFailed as failure:
            return line(503, f"nothing was kept: {failure}")
        _LOG.info("plans taken count=%d", count)
        return web.json_response({"plans": count})

    def _keep(self, content: bytes) -> int:
        """Keep what is new of a body; return how many plans that is."""
        now_us = self._now_us()
        source, at_ms, told = _told(content, now_us)
        plans = self._versions.numbered(told)
        frames = [
            Frame(
                source, published.FEED, now_us,
                published.content(at_ms[plan.agent_id, plan.day], plan),
            )
            for plan in plans
        ]  # fmt: skip
        if frames:
            self._take(frames)
            self._versions.remember(plans)
        return len(frames)


def _told(
    content: bytes, now_us: int
) -> tuple[str, dict[tuple[str, str], int], list[SchedulePublishedData]]:
    """Return the source, from when on [ms] which plan counts, and the plans."""
    body = msgspec.json.decode(content, type=Body)
    if not body.source or body.source == DESK:
        msg = f"the source of plans cannot be called {body.source!r}"
        raise UntranslatableFrame(msg)
    starts: dict[tuple[str, str], int] = {}
    plans = []
    for each in body.plans:
        frame = Frame(body.source, published.FEED, now_us, each.encode())
        at_ms, plan = published.plan_in(frame)
        if at_ms > now_us // 1000 + FUTURE_MS:
            msg = f"a plan is of {(at_ms - now_us // 1000) // 1000} s from now"
            raise UntranslatableFrame(msg)
        starts[plan.agent_id, plan.day] = at_ms
        plans.append(plan)
    return body.source, starts, plans
