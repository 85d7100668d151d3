"""Ends of talks that name another channel than the one that had waited.

A queue's caller may be a Local channel: of a colleague who asked the queue for somebody by a
feature code, of a click on a screen. Asterisk takes it out of the way as soon as it can, and
the queue goes on naming whoever stood behind it, though nobody told that he entered. Such an
end strays: it belongs to the talk of its agent that had begun when and where it says.

Source: Asterisk apps/app_queue.c (handle_local_optimization_end).
"""

from typing import TYPE_CHECKING

from stream_processors.core.call import Call, Mark
from stream_processors.core.calls import claim, disclaim
from stream_processors.core.sources import Source
from stream_processors.core.state import Pair, Stray

if TYPE_CHECKING:
    from stream_processors.core.change import Change

BEGAN_WITHIN_MS = 1_500
"""A log cuts both an end and the length of a talk off to whole seconds; so far its beginning
may be from where they say."""


def tell_end(change: "Change", source: Source, channel_id: str, mark: Mark) -> None:
    """Tell an end, or how it came about, of a channel or of the talk that it belongs to."""
    own, pairs = f"{source.name}|{channel_id}", change.state.pairs
    pair_key = f"{source.name}|{mark.queue_id}|{mark.agent_id}"
    pair = pairs.get(pair_key)
    line = change.state.lines.get(own)
    if line is not None and _was_connected(line.call, mark):
        change.tell(source, channel_id, mark)
    else:
        if pair is None:
            pair = pairs[pair_key] = Pair()
        if all(stray.mark.event_id != mark.event_id for stray in pair.strays):
            pair.strays.append(Stray(own, mark))
    if pair is not None and pair.strays:
        find_owners(change, source, pair)


def find_owners(change: "Change", source: Source, pair: Pair) -> None:
    """Give each end that strays to the talk it belongs to by what is known now."""
    for stray in pair.strays:
        owner = _owner(change, pair, stray)
        if owner == stray.owner:
            continue
        lines, former, stray.owner = change.state.lines, stray.owner, owner
        if former and former in lines:
            disclaim(lines[former].call, stray.mark)
            change.unsettle_line(former)
        if owner == stray.named:
            change.tell(source, owner.partition("|")[2], stray.mark)
        claim(lines[owner].call, stray.mark)
        change.unsettle_line(owner)


def _owner(change: "Change", pair: Pair, stray: Stray) -> str:
    lines, mark = change.state.lines, stray.mark
    named = lines.get(stray.named)
    if named is None or not _was_connected(named.call, mark):
        for key in pair.lines:
            if key != stray.named and key in lines and _has_begun(lines[key].call, mark):
                return key
    return stray.named


def _was_connected(call: Call, end: Mark) -> bool:
    """Tell whether a channel was told to be with the agent of an end, in its queue."""
    return any(mark.kind == "connected" and _is_of_one(mark, end) for mark in call.marks)


def _has_begun(call: Call, end: Mark) -> bool:
    """Tell whether a channel's talk began as one that ends so, and has no end of its own."""
    for mark in call.marks:
        if mark.kind != "connected" or not _is_of_one(mark, end):
            continue
        if end.ref and mark.ref == end.ref:
            return True
        if end.span_ms is None or _has_ended(call, mark, end):
            continue
        if abs(end.at - end.span_ms - mark.at) <= BEGAN_WITHIN_MS:
            return True
    return False


def _has_ended(call: Call, begun: Mark, end: Mark) -> bool:
    return any(
        mark.kind == end.kind and mark.feed == end.feed and mark.at >= begun.at
        and _is_of_one(mark, end)
        for mark in call.marks
    )  # fmt: skip


def _is_of_one(one: Mark, other: Mark) -> bool:
    return (one.queue_id, one.agent_id) == (other.queue_id, other.agent_id)
