"""Ids are derived, never drawn: the same thing told twice has the same id."""

from hashlib import blake2b


def derived_id(*parts: str | bytes) -> str:
    """Return 64 bits as 16 hexadecimal digits, the same for the same parts in the same order."""
    digest = blake2b(digest_size=8)
    for part in parts:
        text = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        # The length keeps ("a", "bc") and ("ab", "c") apart.
        digest.update(len(text).to_bytes(4, "big"))
        digest.update(text)
    return digest.hexdigest()
