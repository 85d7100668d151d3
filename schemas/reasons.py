"""Which reasons for trouble people have been told of, so that each is told once."""

import re

_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+")


class Reasons:
    """Reasons that were told since it began; numbers and addresses in one make no other."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def is_new(self, reason: str) -> bool:
        """Tell whether a reason has not been told yet, and take it for told."""
        bare = _NUMBER.sub("", reason)
        was_told = bare in self._told
        self._told.add(bare)
        return not was_told

    def forget(self) -> None:
        """Begin anew: the trouble is another one."""
        self._told.clear()
