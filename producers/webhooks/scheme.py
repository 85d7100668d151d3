"""How a sender shows that it is he: the words of a mapping or of the settings."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PARTS = ("timestamp", "body", "method", "uri", "id")
"""What may be signed, in braces in `signed`."""


class Scheme(BaseModel):
    """One way to check a sender.

    Attributes:
        scheme: `hmac`, `standard-webhooks`, `token` (in the body), `bearer`, `secret-path`
            (the last part of the address), or `none`.
        header: the header with the signature or, with `bearer`, the token.
        timestamp_header: the header with the time that is signed; empty: none is.
        timestamp_unit: how it is written.
        signed: what is signed, as `{timestamp}.{body}`.
        encoding: of the signature.
        hash: of the HMAC.
        prefix: what stands before the signature.
        field: where in the body the token stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: Literal["hmac", "standard-webhooks", "token", "bearer", "secret-path", "none"]
    header: str = ""
    timestamp_header: str = ""
    timestamp_unit: Literal["s", "ms", "iso"] = "s"
    signed: str = "{body}"
    encoding: Literal["hex", "base64"] = "hex"
    hash: Literal["sha256", "sha1", "sha512"] = "sha256"
    prefix: str = ""
    field: str = Field(default="", description="path, as auth.application_token")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.scheme == "hmac":
            named = re.findall(r"\{([^{}]*)\}", self.signed)
            if not self.header or "body" not in named or set(named) - set(PARTS):
                msg = f"hmac needs header, and signed with {{body}} out of {', '.join(PARTS)}"
                raise ValueError(msg)
            if ("timestamp" in named) != bool(self.timestamp_header):
                msg = "timestamp_header and {timestamp} in signed belong together"
                raise ValueError(msg)
        if self.scheme == "token" and not self.field:
            msg = "token needs field: where in the body it stands"
            raise ValueError(msg)
        return self


NAMED = {
    "hmac": Scheme(
        scheme="hmac", header="X-Pult-Signature", timestamp_header="X-Pult-Timestamp",
        signed="{timestamp}.{body}", prefix="sha256=",
    ),
    "standard-webhooks": Scheme(scheme="standard-webhooks"),
    "bearer": Scheme(scheme="bearer", header="Authorization"),
    "secret-path": Scheme(scheme="secret-path"),
    "none": Scheme(scheme="none"),
}  # fmt: skip
"""What the settings may name with one word, whatever the mapping says."""
