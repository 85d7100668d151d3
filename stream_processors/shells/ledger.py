"""How far each partition of this worker has come: handed over, applied, safe, committed.

A range of offsets is handed over once, in order, and says where it continues. What is applied
must join what was applied before; a hole means that a batch was lost on its way, and nothing
may go on after that. Only what a durable snapshot holds may be committed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.errors import LogTorn


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets handed over together: after `begin`, up to but without `end`."""

    partition: int
    begin: int
    end: int
    epoch: int


@dataclass(slots=True)
class _Place:
    epoch: int
    handed_over: int
    applied: int
    safe: int | None = None
    committed: int | None = None


class Ledger:
    """The places of all partitions that are read; knows no Kafka."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}
        self._epoch = 0

    def begin(self, positions: Mapping[int, int]) -> None:
        """Read these partitions from these offsets; what is under way of them is void."""
        self._epoch += 1
        for partition, position in positions.items():
            self._places[partition] = _Place(self._epoch, position, position)

    def forget(self, partitions: Iterable[int]) -> None:
        """Leave partitions; what is under way of them is void."""
        for partition in partitions:
            self._places.pop(partition, None)

    def position(self, partition: int) -> int | None:
        """Return the offset to hand over next, None where the partition is not read."""
        place = self._places.get(partition)
        return None if place is None else place.handed_over

    def hand_over(self, partition: int, end: int) -> Range | None:
        """Note that offsets up to `end` are handed over; None if there is nothing new."""
        place = self._places.get(partition)
        if place is None or end <= place.handed_over:
            return None
        given = Range(partition, place.handed_over, end, place.epoch)
        place.handed_over = end
        return given

    def is_void(self, given: Range) -> bool:
        """Tell whether a range was handed over before the partition was sought or left."""
        place = self._places.get(given.partition)
        return place is None or place.epoch != given.epoch

    def applied(self, given: Range) -> None:
        """Note that a range was applied.

        Raises:
            LogTorn: it does not follow what was applied before.
        """
        place = self._places[given.partition]
        if given.begin != place.applied:
            msg = (
                f"events {place.applied} to {given.begin} of partition {given.partition} were "
                "read and never applied; start the worker again, it reads them anew"
            )
            raise LogTorn(msg)
        place.applied = given.end

    def secure(self, partition: int, position: int) -> None:
        """Note that a durable snapshot holds everything before an offset."""
        place = self._places.get(partition)
        if place is not None:
            place.safe = max(position, place.safe or 0)

    def committable(self, partition: int) -> int | None:
        """Return the offset that may be committed, None if there is none or it is already."""
        place = self._places.get(partition)
        if place is None or place.safe is None or place.safe == place.committed:
            return None
        return place.safe

    def committed(self, partition: int, position: int) -> None:
        """Note that the broker has accepted an offset."""
        place = self._places.get(partition)
        if place is not None:
            place.committed = position

    @property
    def partitions(self) -> list[int]:
        """The partitions that are read."""
        return sorted(self._places)
