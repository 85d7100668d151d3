"""Words and numbers of a message or a mapping, in the form that a field of an event holds."""

import math
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from producers.webhooks.paths import text_of
from producers.webhooks.target import Target
from schemas.errors import UntranslatableFrame
from schemas.wording import did_you_mean

LONGEST_TEXT = 1_000
"""Characters that a field of an event holds at most."""

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def coerced(target: Target, name: str, value: Any) -> Any:
    """Return a value in the form that a field of an event holds.

    Raises:
        UntranslatableFrame: it has none.
    """
    kind = target.fields[name]
    if kind == "text":
        return _text(target, name, value)
    if kind == "flag":
        flag = _FLAGS.get(text_of(value, name).strip().casefold())
        if flag is None:
            msg = f"{name} = {str(value)[:60]!r} is neither true nor false"
            raise UntranslatableFrame(msg)
        return flag
    number = value if isinstance(value, Decimal) else number_of(value, name)
    if kind == "number":
        told = float(number)
        return told if math.isfinite(told) else None
    if abs(number) >= 2**63:
        msg = f"{name} = {number:.3e} is too large"
        raise UntranslatableFrame(msg)
    if number != number.to_integral_value():
        msg = f"{name} = {number} is no whole number"
        raise UntranslatableFrame(msg)
    return int(number)


def check_constant(target: Target, name: str, value: Any) -> None:
    """Look whether a field can hold what a mapping always says of it.

    Raises:
        ValueError: it cannot.
    """
    try:
        msgspec.convert(coerced(target, name, value), target.types[name])
    except UntranslatableFrame as error:
        raise ValueError(str(error)) from error
    except msgspec.ValidationError as error:
        msg = f"{name} cannot be {value!r}: {error}"
        raise ValueError(msg) from error


def number_of(value: Any, where: str) -> Decimal:
    """Return a word or a number as a number.

    Raises:
        UntranslatableFrame: it is none.
    """
    text = text_of(value, where).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    # Asked of its digits: arithmetic with an absurd exponent fails.
    if not number.is_finite() or (number and not -30 < number.adjusted() < 19):
        msg = f"{where} = {text[:60]!r} is no number"
        raise UntranslatableFrame(msg)
    return number


def _text(target: Target, name: str, value: Any) -> str:
    text = format(value, "f") if isinstance(value, Decimal) else text_of(value, name)
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        msg = f"{name} has {len(text)} characters, more than {LONGEST_TEXT}"
        raise UntranslatableFrame(msg)
    words = target.words.get(name)
    if words is None:
        return text
    word = words.get(text.casefold())
    if word is None:
        msg = f"{name} has no word {text[:60]!r}{did_you_mean(text[:60], words.values())}"
        raise UntranslatableFrame(msg)
    return word
