"""Events into a store that holds checkpoints: none may be trusted that lacks one of them."""

from collections.abc import Sequence

from schemas.errors import MalformedEvent
from schemas.events import Event
from sql.checkpoints import void_after
from sql.history import LAST_MS
from sql.port import Store
from sql.rows import Position
from stream_processors.core.instants import to_ms


class Storing:
    """Stores events in any order and voids the checkpoints that they make untrue.

    Attributes:
        earliest: when the earliest event stored of each tenant and domain happened [ms].
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.earliest: dict[tuple[str, str], int] = {}

    def events(
        self, events: Sequence[Event], positions: Sequence[Position], token: str
    ) -> None:
        """Store events, as `Writer.write_events` does.

        Raises:
            StoreFailed: some may be stored; do it again.
        """
        first: dict[tuple[str, str], int] = {}
        for event in events:
            of = (event.tenant, event.domain)
            try:
                at = to_ms(event.time)
            except MalformedEvent:
                continue  # the fold refuses it
            if at < first.get(of, LAST_MS):
                first[of] = at
        for of, at in first.items():
            if at < self.earliest.get(of, LAST_MS):
                # Before they are stored: whoever is killed in between must not trust one.
                void_after(self._store.client, *of, at)
                self.earliest[of] = at
        self._store.writer.write_events(events, positions, token)
