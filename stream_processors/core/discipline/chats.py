"""Calls among colleagues, and who waits meanwhile in the queues that could have rung them.

A call counts as busy for nothing where no participant has a caller: a consultation while
somebody is on hold is work. What was found is kept with the call, for who waited and who was in
which queue is forgotten long before an open call is.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from schemas.durations import in_ms
from schemas.rules import GhostBusy
from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.chat import Chat, Crowd, Talk
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.touched import Touched
from stream_processors.core.instants import NEVER

CODE = "ghost_busy"


class Chats:
    """Writes calls among colleagues into a docket, which is changed in place.

    Args:
        docket: all diaries of a domain.
        bench: who waits, who is in which queue, which rules hold.
        touched: where is noted who is to be judged.
    """

    def __init__(self, docket: Docket, bench: Bench, touched: Touched) -> None:
        self._docket = docket
        self._bench = bench
        self._touched = touched
        self._stale: dict[tuple[str, str], None] = {}

    def write(self, agent_id: str, team: str, leg_id: str, talk: Talk | None) -> None:
        """Write that an agent has talked with colleagues, or that he has not."""
        chats = self._docket.diary(agent_id, team).chats
        old = chats.get(leg_id)
        if (old and old.talk) == talk:
            return
        self._touched[agent_id, CODE] = None
        if talk is None:
            del chats[leg_id]
            return
        same = old is not None and old.talk.start == talk.start
        chats[leg_id] = replace(old, talk=talk) if old and same else Chat(talk, leg_id)
        self._docket.note_chatting(agent_id)
        self._stale[agent_id, leg_id] = None

    def look_at(self, agent_id: str) -> None:
        """Note that an agent was in other queues, or had other callers, than was known."""
        if agent_id not in self._docket.chatting:
            return
        for leg_id, chat in self._docket.diaries[agent_id].chats.items():
            self._stale[agent_id, leg_id] = None
            for other in chat.talk.others:
                diary = self._docket.diaries.get(other)
                for theirs, each in diary.chats.items() if diary is not None else ():
                    if agent_id in each.talk.others:
                        self._stale[other, theirs] = None

    def write_crowd(self, queue_id: str, since: int) -> None:
        """Note that others waited in a queue from an instant [ms] on than was known."""
        for agent_id in self._docket.chatting:
            for leg_id, chat in self._docket.diaries[agent_id].chats.items():
                if queue_id in chat.queues and since < chat.end:
                    self._stale[agent_id, leg_id] = None

    def count(self) -> None:
        """Find anew who waited during calls, once all that is known is written."""
        for agent_id, leg_id in self._stale:
            chats = self._docket.diaries[agent_id].chats
            chat = chats.get(leg_id)
            if chat is not None:
                now = self._counted(agent_id, chat)
                if now != chat:
                    chats[leg_id] = now
                    self._touched[agent_id, CODE] = None
        self._stale.clear()

    def _counted(self, agent_id: str, chat: Chat) -> Chat:
        talk, end = chat.talk, chat.end
        team = self._docket.diaries[agent_id].team
        rule = self._bench.rules(agent_id, team).rule(CODE, talk.start)
        assert isinstance(rule, GhostBusy)
        since = max(talk.start + in_ms(rule.limit), chat.settled)
        final = [
            replace(each, end=min(each.end, end))
            for each in chat.crowds
            if each.end <= chat.settled and each.start < end
        ]
        if not rule.enabled or since >= end:
            return replace(chat, queues=(), crowds=tuple(final))
        steps = self._bench.served(agent_id, since)
        queues = sorted({queue_id for _, served in steps for queue_id in served})
        crowds = [
            crowd
            for queue_id in queues
            for crowd in self._crowds(queue_id, _spans(queue_id, steps, since, end))
        ]
        # Looked for only where somebody waits: a conference has many others.
        busy = self._busy((agent_id, *talk.others)) if crowds else []
        found = [part for crowd in crowds for part in _without(crowd, busy)]
        return replace(chat, queues=tuple(queues), crowds=(*final, *sorted(found)))

    def _crowds(self, queue_id: str, spans: Sequence[tuple[int, int]]) -> Iterator[Crowd]:
        """Return who waited in a queue during some spans."""
        stays = self._bench.stays(queue_id, spans[0][0]) if spans else ()
        for start, end in spans:
            for entered, left, leg_id in stays:
                since, until = max(start, entered), min(end, left)
                if since < until:
                    yield Crowd(since, until, queue_id, (leg_id,))

    def _busy(self, people: Iterable[str]) -> list[tuple[int, int]]:
        """Return from when to when [ms] any of some people had a caller."""
        return sorted(
            (start, NEVER if end is None else end)
            for agent_id in people
            if (diary := self._docket.diaries.get(agent_id)) is not None
            for start, end in diary.work.values()
        )


def _spans(
    queue_id: str, steps: Sequence[tuple[int, frozenset[str]]], since: int, end: int
) -> list[tuple[int, int]]:
    """Return from when to when [ms], within [since, end), a queue could ring an agent."""
    ends = [at for at, _ in steps[1:]] + [NEVER]
    spans = [
        (max(at, since), min(until, end))
        for (at, served), until in zip(steps, ends, strict=True)
        if queue_id in served
    ]
    return [(start, until) for start, until in spans if start < until]


def _without(crowd: Crowd, busy: Sequence[tuple[int, int]]) -> Iterator[Crowd]:
    """Return the parts of a crowd that lie in none of some spans, which come in order."""
    start = crowd.start
    for since, until in busy:
        if since >= crowd.end:
            break
        if until <= start:
            continue
        if start < since:
            yield replace(crowd, start=start, end=since)
        start = until
    if start < crowd.end:
        yield replace(crowd, start=start)
