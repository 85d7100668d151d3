"""Ids are derived, never drawn: the same thing told twice has the same id."""

from hashlib import blake2b


def derived_id(*parts: str | bytes) -> str:
    """Return 64 bits as 16 hexadecimal digits, the same for the same parts in their order."""
    # The length [bytes] keeps ("a", "bc") and ("ab", "c") apart.
    told = b""
    for part in parts:
        text = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        told += b"%d:%b" % (len(text), text)
    return blake2b(told, digest_size=8).hexdigest()
