"""A caller's number leaves the adapter only as a key, the same each time it is told."""

import hmac
import re

_WITHHELD = frozenset(
    {
        "",
        "<unknown>",
        "unknown",
        "anonymous",
        "restricted",
        "private",
        "unavailable",
        "withheld",
    }
)
_PHONE_NUMBER = re.compile(r"\+?\(?[0-9][0-9 ()./-]*[0-9]")
# Asterisk's id of a channel: [<system name>-]<epoch second>.<counter>
_UNIQUEID = re.compile(r"(?:.*-)?[0-9]{9,11}\.[0-9]+")


class CallerKeys:
    """Turns callers' numbers into keys that only the holder of the secret can make.

    Args:
        secret: one for each tenant; another secret gives other keys for the same numbers.
        keep_numbers: hand numbers through unchanged (`privacy.keep_numbers`).
    """

    def __init__(self, secret: bytes, *, keep_numbers: bool = False) -> None:
        self._secret = secret
        self._keep_numbers = keep_numbers

    def key(self, number: str) -> str:
        """Return the caller's key, or '' where the number is unknown or withheld.

        The digits alone count, so "+7 (495) 100-01-02" and "74951000102" are one caller; a name
        without the look of a number (a SIP user) counts as it is, whatever its case.
        """
        number = number.strip()
        if number.lower() in _WITHHELD:
            return ""
        if self._keep_numbers:
            return number
        looks_dialled = _PHONE_NUMBER.fullmatch(number) is not None
        told = _digits(number) if looks_dialled else number.casefold()
        return hmac.digest(self._secret, told.encode(), "sha256")[:8].hex()

    def sealed(self, content: bytes) -> str:
        """Return what is equal for equal contents, and tells nothing of one that is secret."""
        return hmac.digest(self._secret, b"sealed\n" + content, "sha256").hex()

    def masked(self, field: str, *, least_digits: int = 5) -> str:
        """Return the key of a field that is nothing but a phone number; others as they are.

        A Uniqueid (`1795288587.0`, `sys-1795288587.0`) is no phone number. `least_digits` sets
        where an extension ends and a customer's number begins.
        """
        if not _PHONE_NUMBER.fullmatch(field) or _UNIQUEID.fullmatch(field):
            return field
        return self.key(field) if len(_digits(field)) >= least_digits else field


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


NO_CALLERS = CallerKeys(b"")
"""For what names no caller."""
