"""Records of a log and events of several tenants, as a broker would hand them over."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.events import decode, encode


@dataclass(frozen=True)
class Logged:
    """One record of a partition."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_700_000_000_000


def log(records: Iterable[tuple[bytes | None, bytes | None]], begin: int = 0) -> list[Logged]:
    """Return records with offsets that follow each other."""
    return [Logged(begin + n, key, value) for n, (key, value) in enumerate(records)]


def of(value: bytes, domain: str) -> bytes:
    """Return an event as another domain's."""
    tenant = domain.partition("/")[0]
    return encode(msgspec.structs.replace(decode(value), tenant=tenant, domain=domain))
