"""A queue's ringing that a colleague picks up at his own phone.

The queue goes on naming the member whom it rang, and by the channel who has taken the call: one
that a phone had placed, of an agent who dialled the code for picking up.
"""

from typing import TYPE_CHECKING

from stream_processors.core.calls import pick_up
from stream_processors.core.contacts import Contact, Reading
from stream_processors.core.meaning import QueueTalk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stream_processors.core.change import Cause, Change


def tell_pickups(
    change: "Change",
    contact: Contact,
    reading: Reading,
    talks: "Iterable[QueueTalk]",
    owner_of: "Callable[[str, int], str]",
    cause: "Cause",
) -> bool:
    """Let talks be of whoever picked them up; return False if nothing changed."""
    taken: dict[str, dict[str, str]] = {}
    if len(contact.ids) > 1:  # else nobody has joined it by a call of his own
        for talk in talks:
            for channel_id in talk.offers:
                party = reading.parties.get(channel_id)
                if party is None or not party.placed_the_call:
                    continue
                agent = owner_of(party.device, party.started)
                if agent:
                    taken.setdefault(talk.line, {})[channel_id] = agent
    changed = False
    for key in sorted({*contact.lines, *taken}):
        line = change.state.lines.get(key)
        if line is not None and pick_up(line.call, taken.get(key, {})):
            change.settle_line(key, cause, of_contact=True)
            changed = True
    return changed
