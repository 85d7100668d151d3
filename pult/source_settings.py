"""Settings of what is listened to: PBXs and CRMs."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pult.section import HostName, Section
from schemas.events import DESK


def _no_desk(name: str) -> str:
    if name == DESK:
        msg = f"{DESK} is what Pult calls itself: name the source otherwise"
        raise ValueError(msg)
    return name


def _in_one_line(name: str) -> str:
    if "\r" in name or "\n" in name:
        msg = f"{name[:80]!r} is no name of a user: some text in one line"
        raise ValueError(msg)
    return name


SourceName = Annotated[str, AfterValidator(_no_desk)]


class AmiSettings(Section):
    """How to reach Asterisk's manager interface."""

    host: HostName = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=5038, ge=1, le=65535)
    username: Annotated[str, AfterValidator(_in_one_line)] = Field(default="pult", min_length=1)
    secret_env: str = Field(
        default="", description="environment variable that holds the secret"
    )
    auth: Literal["md5", "plain"] = Field(
        default="md5", description="md5 never sends the secret; plain only where md5 fails"
    )
    tls: bool = False
    ca: Path | None = Field(
        default=None, description="PEM file of the authority; unset: the system's"
    )
    server_name: HostName = Field(
        default="", description="name in its certificate; unset: the host"
    )
    verify: bool = Field(
        default=True, description="false: any certificate will do (not over a network)"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.tls and (self.ca or self.server_name or not self.verify):
            msg = "ca, server_name and verify are of no use without tls = true"
            raise ValueError(msg)
        if not self.verify and (self.ca or self.server_name):
            msg = "ca and server_name are of no use with verify = false"
            raise ValueError(msg)
        return self


class WebhookSettings(Section):
    """What a CRM posts: what it means, and how it shows that it is the CRM."""

    mapping: str = Field(
        min_length=1, description="a shipped mapping (pult mapping list), or a TOML file"
    )
    secret_env: str | tuple[str, ...] = Field(
        default=(), description="environment variables with the secret; two during a change"
    )
    signature: Literal["hmac", "standard-webhooks", "bearer", "secret-path", "none", ""] = (
        Field(default="", description="how the sender is known; empty: as the mapping says")
    )
    largest_bytes: int = Field(
        default=1_048_576, ge=1_024, le=33_554_432, description="no body is larger"
    )
    rate: float = Field(default=2_000, gt=0, description="messages a second, twice in a burst")
    public_url: str = Field(
        default="", description="the address as the sender knows it, where he signs that"
    )

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The variables that hold secrets."""
        told = self.secret_env
        return tuple(filter(None, (told,) if isinstance(told, str) else told))


class SourceSettings(Section):
    """One PBX or CRM."""

    kind: Literal["asterisk", "webhook"]
    ami: AmiSettings | None = None
    queue_log: Path | None = None
    webhook: WebhookSettings | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "webhook") != (self.webhook is not None):
            msg = 'kind = "webhook" and a table webhook (mapping = ...) belong together'
            raise ValueError(msg)
        if self.kind == "webhook" and (self.ami or self.queue_log):
            msg = "ami and queue_log are of kind asterisk"
            raise ValueError(msg)
        return self
