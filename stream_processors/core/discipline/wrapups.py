"""After-works and the queues whose calls they follow, counted for what is usual there."""

from collections.abc import Iterable

from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.diary import FOLLOWS_MS, Diary
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.entries import Stretch, Wrapup
from stream_processors.core.discipline.lengths import LONGEST_S
from stream_processors.core.discipline.touched import Touched, touch
from stream_processors.core.instants import day_bounds

CODE = "acw_too_long"


class Wrapups:
    """Writes after-works into a docket, which is changed in place, and what they touch."""

    def __init__(self, docket: Docket, bench: Bench, touched: Touched) -> None:
        self._docket = docket
        self._bench = bench
        self._touched = touched
        self._day = (0, 0)

    def write(self, agent_id: str, diary: Diary, start: int) -> None:
        """Write anew what an after-work that began at `start` [ms] counts for, if one did."""
        stretch = diary.stretches["wrapup"].get(start)
        old = diary.wrapups.get(start)
        new = None if stretch is None else self._wrapup(diary, stretch)
        if old == new:
            return
        diary.write_wrapup(start, new)
        if (old.queue_id if old else "") != (new.queue_id if new else ""):
            touch(self._touched, agent_id, CODE, start)
        self._count(old, -1)
        self._count(new, +1)

    def write_calls(self, agent_id: str, diary: Diary, ends: Iterable[int | None]) -> None:
        """Write anew the after-works that may follow calls which ended at instants [ms]."""
        for end in ends:
            for start in diary.wrapups_within(end, FOLLOWS_MS) if end is not None else ():
                self.write(agent_id, diary, start)

    def _wrapup(self, diary: Diary, stretch: Stretch) -> Wrapup:
        call = diary.last_call(stretch.start)
        queue_id = ""
        if call is not None and call.at >= stretch.start - FOLLOWS_MS:
            queue_id = "" if diary.worked_after(call, stretch.start) else call.queue_id
        hidden = (stretch.unseen_since, stretch.begun_unseen_since) != (None, None)
        if stretch.end is None or not queue_id or hidden:
            return Wrapup(queue_id)
        seconds = min((stretch.end - stretch.start) // 1000, LONGEST_S)
        return Wrapup(queue_id, self._day_of(stretch.end)[0], seconds)

    def _count(self, wrapup: Wrapup | None, more: int) -> None:
        if wrapup is None or wrapup.day is None:
            return
        self._docket.lengths_of(wrapup.queue_id).count(wrapup.day, wrapup.seconds, more)
        _, end = self._day_of(wrapup.day)
        if end <= self._bench.latest():
            self._touch_since(wrapup.queue_id, end)

    def _touch_since(self, queue_id: str, since: int) -> None:
        """Let the after-works of a queue from an instant [ms] on be judged anew."""
        for agent_id, diary in self._docket.diaries.items():
            for start, wrapup in diary.wrapups.items():
                if start >= since and wrapup.queue_id == queue_id:
                    touch(self._touched, agent_id, CODE, start)

    def _day_of(self, at: int) -> tuple[int, int]:
        start, end = self._day
        if not start <= at < end:
            start, end = self._day = day_bounds(at // 1000, self._bench.zone)
        return start, end
