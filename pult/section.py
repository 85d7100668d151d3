"""What the tables of the settings are made of: a section, and the names that stand in them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """One table; a key that it does not have is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _tenant_name(name: str) -> str:
    if not name.isprintable() or "/" in name or name != name.strip() or not name:
        msg = f"{name!r} is no name of a tenant: some printable text without a slash"
        raise ValueError(msg)
    return name


def host_name(name: str) -> str:
    """Refuse what the system could not even look up: it says so in no words of its own.

    An address of IPv6 may stand in brackets, as in a URL.
    """
    if name.startswith("[") and name.endswith("]") and ":" in name:
        name = name[1:-1]
    try:
        name.encode("idna")
    except UnicodeError:
        msg = f"{name[:80]!r} is no name of a host: a part of it is empty or too long"
        raise ValueError(msg) from None
    return name


HostName = Annotated[str, AfterValidator(host_name)]

TenantName = Annotated[str, AfterValidator(_tenant_name)]
"""What stands before the slash of a domain, in addresses and in keys of Kafka."""
