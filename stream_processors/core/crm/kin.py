"""Under which ids contacts were known before they were merged into others.

A CRM that was given the id of a consultation names the contact that the consultation became a
part of. Ids lead to one another at any depth; where they end, the contact lives on.
"""

from collections.abc import Iterable

import msgspec

from stream_processors.core.crm.traces import Index, drop


class Gone(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The id that took another's place, and the last [ms] that was told of the contact."""

    into: str
    at: int


class Kin(msgspec.Struct):
    """Ids of contacts that are gone, and by the id that took their place which those are."""

    gone: dict[str, Gone] = msgspec.field(default_factory=dict)
    taken_in: Index = msgspec.field(default_factory=dict)

    def join(self, ids: Iterable[str], known_as: str, at: int) -> bool:
        """Take that some ids are one contact; return False if that is nothing new.

        Args:
            ids: all of its ids.
            known_as: the one that it is known by now.
            at: the last [ms] that was told of it.
        """
        changed = self._take(known_as)
        now = Gone(known_as, at)
        for each in ids:
            if each != known_as and self.gone.get(each) != now:
                self._take(each)
                self.gone[each] = now
                self.taken_in.setdefault(known_as, {})[each] = None
                changed = True
        return changed

    def survivor(self, interaction_id: str, reach: int) -> str:
        """Return the id under which a contact lives on.

        Args:
            interaction_id: one that it was known by.
            reach: what was over before [ms] is not asked.
        """
        gone = self.gone.get(interaction_id)
        while gone is not None and gone.at >= reach:
            interaction_id = gone.into
            gone = self.gone.get(interaction_id)
        return interaction_id

    def names(self, interaction_id: str) -> list[str]:
        """Return an id and all that were taken in by it, or by those."""
        found = [interaction_id]
        for each in found:
            found += self.taken_in.get(each, ())
        return found

    def forget(self, before: int) -> None:
        """Forget what is of contacts that were over before an instant [ms]."""
        for each in [name for name, gone in self.gone.items() if gone.at < before]:
            self._take(each)

    def _take(self, interaction_id: str) -> bool:
        gone = self.gone.pop(interaction_id, None)
        if gone is not None:
            drop(self.taken_in, gone.into, interaction_id)
        return gone is not None
