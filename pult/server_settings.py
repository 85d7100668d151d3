"""Settings of the servers of the distributed form: Kafka and ClickHouse."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from pult.section import Section, host_name
from schemas.durations import Duration


def _topic_prefix(prefix: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]{1,100}", prefix) is None:
        msg = (
            f"{prefix[:80]!r} is no beginning of a topic's name: up to 100 letters (A to Z), "
            "digits, dots, hyphens and underscores"
        )
        raise ValueError(msg)
    return prefix


class KafkaSettings(Section):
    """The brokers of the distributed form, and how to be let in."""

    bootstrap: str = Field(
        default="127.0.0.1:9092", min_length=1, description="HOST:PORT of brokers, by commas"
    )
    prefix: Annotated[str, AfterValidator(_topic_prefix)] = Field(
        default="pult", min_length=1, description="first part of the topics' names"
    )
    replication: int = Field(
        default=1, ge=1, le=9, description="copies of a new topic; 3 where there are 3 brokers"
    )
    protocol: Literal["plaintext", "tls", "sasl_plaintext", "sasl_tls"] = "plaintext"
    ca: Path | None = Field(
        default=None, description="PEM file of the authority; unset: the system's"
    )
    cert: Path | None = Field(default=None, description="PEM file of our certificate")
    key: Path | None = Field(default=None, description="PEM file of its key, no passphrase")
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    password_env: str = Field(
        default="", description="environment variable that holds the password"
    )

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol.endswith("tls")

    @property
    def sasl(self) -> bool:
        """Whether the broker asks for a password."""
        return self.protocol.startswith("sasl")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.tls and (self.ca or self.cert or self.key):
            msg = f"ca, cert and key are of no use with protocol {self.protocol}; set tls"
            raise ValueError(msg)
        if bool(self.cert) != bool(self.key):
            msg = "cert and key belong together; set both or none"
            raise ValueError(msg)
        if self.sasl and not (self.username and self.password_env):
            msg = f"protocol {self.protocol} needs username and password_env"
            raise ValueError(msg)
        if not self.sasl and (self.username or self.password_env):
            msg = f"username and password_env are of no use with protocol {self.protocol}"
            raise ValueError(msg)
        return self


def _server_url(url: str) -> str:
    # What is refused is not repeated: it may hold a password.
    if not _SERVER_URL.fullmatch(url):
        msg = (
            "must be http:// or https://, a host and perhaps a port, as "
            "https://clickhouse.example:8443; user and password have settings of their own"
        )
        raise ValueError(msg)
    parts = urlsplit(url)
    host_name(parts.hostname or "")
    _ = parts.port  # refuses one out of range
    return url


_SERVER_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+)(:[0-9]{1,5})?/?")


class ClickHouseSettings(Section):
    """The server of the distributed form, and how to be let in."""

    url: Annotated[str, AfterValidator(_server_url)] = Field(
        default="http://127.0.0.1:8123",
        description="http:// or https://, host, port; no user and no password",
    )
    username: str = Field(default="default", min_length=1)
    password_env: str = Field(
        default="", description="environment variable that holds the password"
    )
    password_file: Path | None = Field(
        default=None, description="file whose first line is the password"
    )
    ca: Path | None = Field(
        default=None, description="PEM file of the authority; unset: the system's"
    )
    verify: bool = Field(default=True, description="false takes any certificate")
    connect_timeout: Duration = Field(
        default=timedelta(seconds=5), description="a server that takes longer is away"
    )
    timeout: Duration = Field(
        default=timedelta(seconds=60), description="a query or an insert may take so long"
    )

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.url.startswith("https")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.tls and (self.ca or not self.verify):
            msg = f"ca and verify are of no use with {self.url}; set https"
            raise ValueError(msg)
        if self.password_env and self.password_file:
            msg = "password_env and password_file are two passwords; set one"
            raise ValueError(msg)
        return self
