"""Whether an item is what a rule asks for."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from producers.webhooks.mapping import Condition, Test
from producers.webhooks.paths import Item, Path

Asked: TypeAlias = tuple[tuple[Path, Callable[[Any], bool]], ...]


def prepared(when: Mapping[str, Condition]) -> Asked:
    """Return conditions in a form that is quick to ask."""
    return tuple((Path.of(path), _test(condition)) for path, condition in when.items())


def fits(asked: Asked, item: Item) -> bool:
    """Tell whether all conditions hold; words are equal whatever their case."""
    return all(holds(path.find(item)) for path, holds in asked)


def _test(condition: Condition) -> Callable[[Any], bool]:
    if not isinstance(condition, Test):
        words = _words(condition)
        return lambda found: _word(found) in words
    tests: list[Callable[[Any], bool]] = []
    if condition.exists is not None:
        tests.append(lambda found: (found is not None) == condition.exists)
    if condition.not_ is not None:
        refused = _words(condition.not_)
        tests.append(lambda found: _word(found) not in refused)
    if condition.like:
        pattern = re.compile(condition.like)
        tests.append(lambda found: pattern.search(_text(found)) is not None)
    if condition.above is not None:
        least = condition.above
        tests.append(lambda found: (number := _number(found)) is not None and number > least)
    if condition.below is not None:
        most = condition.below
        tests.append(lambda found: (number := _number(found)) is not None and number < most)
    return lambda found: all(test(found) for test in tests)


def _words(condition: Any) -> frozenset[str | None]:
    told = condition if isinstance(condition, tuple) else (condition,)
    return frozenset(map(_word, told))


def _word(value: Any) -> str | None:
    """Return a value as a word to compare; None for what is missing, or no single word."""
    if value is None or isinstance(value, dict | list):
        return None
    return _text(value).strip().casefold()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _number(value: Any) -> float | None:
    try:
        return float(_text(value))
    except ValueError:
        return None
