"""Of which queues an agent is a member: at which source, and by which of his phones.

Two phones of one name in a queue are two members of the PBX and one agent; he is in it until
the last of them has left.
"""

from stream_processors.core.agent import AgentMark, Standing, entry_of


def join(now: Standing, mark: AgentMark) -> bool:
    """Let him be a member of a queue; return False if he was one."""
    if mark.queue_id in now.queues:
        return False
    now.queues[mark.queue_id] = mark.at
    now.homes[mark.queue_id] = mark.source
    return True


def note_entry(now: Standing, mark: AgentMark) -> None:
    """Note by which phone he has joined, if that is told."""
    if mark.interface:
        entries = now.entries.setdefault(mark.queue_id, {})
        entries[entry_of(mark.source, mark.interface)] = mark.at


def note_listed_entry(now: Standing, mark: AgentMark) -> None:
    """Note an entry that a snapshot lists; what it does not list of the source is gone."""
    if not mark.interface:
        return
    entries = now.entries.get(mark.queue_id, {})
    of_source = entry_of(mark.source, "")
    now.entries[mark.queue_id] = {
        **{
            entry: at
            for entry, at in entries.items()
            if at >= mark.number or not entry.startswith(of_source)
        },
        entry_of(mark.source, mark.interface): mark.at,
    }


def stays_by_another_entry(now: Standing, mark: AgentMark) -> bool:
    """Drop one of his entries in a queue, all of the source if none is named.

    Return True if he is in that queue by another phone, or at another source.
    """
    queue_id = mark.queue_id
    gone = entry_of(mark.source, mark.interface)
    kept = {
        entry: at
        for entry, at in now.entries.pop(queue_id, {}).items()
        if (entry != gone if mark.interface else not entry.startswith(gone))
    }
    if kept:
        now.entries[queue_id] = kept
        resting = now.resting.get(queue_id, {})
        now.resting[queue_id] = {entry: why for entry, why in resting.items() if entry in kept}
        now.homes[queue_id] = next(iter(kept)).partition("|")[0]
    return bool(kept)


def leave(now: Standing, mark: AgentMark) -> None:
    """Let him be no member of a queue, whatever his entries are."""
    now.queues.pop(mark.queue_id, None)
    now.homes.pop(mark.queue_id, None)
    now.wrapups.pop(mark.queue_id, None)
    now.paused.pop(mark.queue_id, None)
    now.resting.pop(mark.queue_id, None)
    now.left[mark.queue_id] = mark.at


def leave_all(now: Standing) -> None:
    """Let him be a member of no queue."""
    now.queues.clear()
    now.homes.clear()
    now.entries.clear()
    now.paused.clear()
    now.resting.clear()
