"""States at local midnights: made by whoever folds, used by a re-fold to begin in mid-history.

A checkpoint holds exactly the events before its midnight. It is used only if its definition is
ours, if the targets and teams in force are those it was folded under, and if no event before
its midnight has come since.
"""

import time
from dataclasses import dataclass
from hashlib import blake2b

import cramjam
import msgspec

from schemas.policies import PolicyHistory
from sql import checkpoints
from sql.checkpoints import Checkpoint, Place
from sql.port import Store
from stream_processors.core.instants import day_bounds, day_name
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import State, Terms
from stream_processors.shells.snapshots import DEFINITION

KEPT_DAYS = 60
"""So many last midnights of a re-fold are kept, and the first of each month before."""

_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Start:
    """Where a re-fold begins: a state and the checkpoint it is of."""

    state: State
    place: Place


def made(state: State, midnight: int, position: int, terms: Terms) -> Checkpoint:
    """Return a state as the checkpoint of a midnight [ms]; all before it must be applied.

    Args:
        state: it has seen the events before that midnight and no other.
        midnight: the beginning of a local day.
        position: log position up to which the history is complete.
        terms: what it was folded under.
    """
    place = Place(
        midnight=midnight, day=day_name(midnight, terms.zone), position=position,
        definition=DEFINITION, policies=print_of(terms.policies, midnight),
    )  # fmt: skip
    packed = bytes(cramjam.zstd.compress(freeze(state), _LEVEL))
    return Checkpoint(place, int(time.time() * 1000), packed)


def last_usable(
    store: Store, tenant: str, domain: str, terms: Terms, until_ms: int
) -> Start | None:
    """Return the newest checkpoint that can be used of the midnights up to an instant [ms].

    Raises:
        StoreFailed: the store cannot be read.
    """
    news: dict[int, int] = {}
    for place in checkpoints.places(store.client, tenant, domain, until_ms):
        if place.definition != DEFINITION or not _fits(place, terms):
            continue
        if place.position not in news:
            news[place.position] = checkpoints.earliest_news(
                store.client, tenant, domain, place.position
            )
        if news[place.position] < place.midnight:
            continue
        packed = checkpoints.state_of(store.client, tenant, domain, place)
        if packed is None:
            continue
        try:
            return Start(thaw(bytes(cramjam.zstd.decompress(packed))), place)
        except (msgspec.MsgspecError, cramjam.DecompressionError):
            continue
    return None


def _fits(place: Place, terms: Terms) -> bool:
    return place.policies == print_of(terms.policies, place.midnight)


def print_of(policies: PolicyHistory, midnight: int) -> str:
    """Return a hash of all that the fold of what was before a midnight [ms] is told.

    Targets count from their version on; zone, teams and what means after-work are those of the
    newest version also for the past.
    """
    now = policies.current.model_dump(mode="json", exclude={"queues"})
    targets = [
        (since, each.model_dump(mode="json", include={"queues"}))
        for since, each in policies.versions
        if since < midnight
    ]
    # The first holds also before its time.
    first = policies.versions[0][1].model_dump(mode="json", include={"queues"})
    text = msgspec.json.encode([now, targets, first], order="deterministic")
    return blake2b(text, digest_size=8).hexdigest()


def next_midnight(at: int, terms: Terms) -> int:
    """Return the end [ms] of the local day of an instant [ms]."""
    return day_bounds(at // 1000, terms.zone)[1]


class Gathered:
    """Checkpoints of a re-fold until its facts are stored: a few, however long the history."""

    def __init__(self) -> None:
        self._made: dict[int, Checkpoint] = {}

    def add(self, checkpoint: Checkpoint) -> None:
        """Keep one more, and of old ones the first of each month."""
        self._made[checkpoint.place.midnight] = checkpoint
        for midnight in list(self._made)[:-KEPT_DAYS]:
            if not self._made[midnight].place.day.endswith("-01"):
                del self._made[midnight]

    def write(self, store: Store, tenant: str, domain: str) -> None:
        """Store them.

        Raises:
            StoreFailed: some may be stored.
        """
        checkpoints.write(store, tenant, domain, list(self._made.values()))
