"""Messages into the journal, many at once: who comes during a commit shares the next one."""

import asyncio
from collections.abc import Sequence

from producers.frame import Frame
from producers.source import Take
from schemas.errors import JournalFailed, PultFailure

MOST_AT_ONCE = 1_000
"""Frames of one commit."""


class Keeper:
    """Hands what one source posted to its journal. For one event loop."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._waiting: list[tuple[Frame, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def keep(self, frame: Frame) -> None:
        """Keep a frame; once this returns it survives a crash.

        Raises:
            PultFailure: it was not kept.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((frame, done))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._go_on())
        # Who hangs up does not keep the others of a commit from their answers.
        await asyncio.shield(done)

    async def _go_on(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            failure = await self._commit([frame for frame, _ in batch])
            for _, done in batch:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
                    done.exception()  # whoever hung up does not ask for it

    async def _commit(self, frames: Sequence[Frame]) -> PultFailure | None:
        try:
            await asyncio.to_thread(self._take, frames)
        except PultFailure as failure:
            return failure
        except Exception as defect:
            # Nobody may be told that what is lost was kept.
            return JournalFailed(f"the journal has a defect: {defect!r}")
        return None
