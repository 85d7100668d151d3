"""What queues are called, however a source writes their names.

Asterisk finds the queue `sales` for a dial plan's `Queue(Sales)`. Its queue log then says
`Sales` of whoever enters, gives up or times out, and `sales` of whoever is answered; AMI always
says `sales`. A queue that the settings name is called as they name it, so neither the order of
the events nor the feed decides; any other is called as it is told.

Source: apps/app_queue.c, `queue_exec` (`args.queuename`), `try_calling` (`q->name`),
`queue_cmp_cb` (`strcasecmp`, which knows ASCII letters only).
"""

from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase

import msgspec

from schemas.events import Event

_IN_LOWER_CASE = str.maketrans(ascii_uppercase, ascii_lowercase)


class QueueNames:
    """The names of queues in the settings; two that differ only by case are two queues."""

    def __init__(self, named: Iterable[str]) -> None:
        names = sorted(named, reverse=True)
        self._by_lower_case = {name.translate(_IN_LOWER_CASE): name for name in names}
        self._names = {name: name for name in names}

    def in_event(self, event: Event) -> Event:
        """Return an event with its queue called as it should be."""
        told = getattr(event.data, "queue_id", "")
        if not told:
            return event
        name = self._names.get(told)
        if name is None:
            name = self._by_lower_case.get(told.translate(_IN_LOWER_CASE), told)
            self._names[told] = name
        if name == told:
            return event
        data = msgspec.structs.replace(event.data, queue_id=name)
        return msgspec.structs.replace(event, data=data)
