"""Numbers of partitions as people read them: 0-3,7."""

from collections.abc import Iterable, Iterator, Sequence


def spans(numbers: Iterable[int]) -> str:
    """Return numbers in order, in as few words as possible; `none` where there are none."""
    return ",".join(_spans(sorted(numbers))) or "none"


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    if not numbers:
        return
    begin = previous = numbers[0]
    for each in [*numbers[1:], -1]:
        if each != previous + 1:
            yield str(begin) if begin == previous else f"{begin}-{previous}"
            begin = each
        previous = each
