"""The address of a Grafana: what people write, and what may be asked and printed."""

from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.errors import GrafanaFailed

_LIKE = "give an address like http://127.0.0.1:3000"


class Address(NamedTuple):
    """Where a Grafana is.

    Args:
        text: as one writes it, without a stroke at the end.
        scheme: http or https.
        host: name or number; an IPv6 number within brackets.
        port: None is that of the scheme.
        path: below which it is served, with a stroke at its end, or empty.
    """

    text: str
    scheme: str
    host: str
    port: int | None
    path: str


def checked(url: str) -> Address:
    """Return the parts of an address.

    Raises:
        GrafanaFailed: it is none, or has a user, a query or a fragment. They would not be used,
            and a password would be printed with every failure.
    """
    surplus = "a user" if "@" in url else "a query or fragment" if set("?#") & set(url) else ""
    if surplus:
        msg = f"cannot ask Grafana at an address with {surplus}: {_LIKE}"
        hint = "; who asks is said by the token in GRAFANA_TOKEN" if "@" in url else ""
        raise GrafanaFailed(msg + hint)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        msg = f"cannot ask Grafana at {url!r}: {error}; {_LIKE}"
        raise GrafanaFailed(msg) from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        msg = f"cannot ask Grafana at {url!r}: {_LIKE}"
        raise GrafanaFailed(msg)
    path = parts.path.strip("/")
    return Address(
        text=parts.geturl().rstrip("/"),
        scheme=parts.scheme,
        host=f"[{host}]" if ":" in host else host,
        port=port,
        path=f"{path}/" if path else "",
    )
