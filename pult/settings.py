"""Settings: one TOML file, one model, unknown keys refused with the nearest known name.

Secrets come only from the environment or from files. No other package reads settings; each is
handed the values it needs.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from schemas.adherence import Adherence
from schemas.discipline import Discipline, TenantOverrides
from schemas.durations import Duration
from schemas.errors import SettingsInvalid
from schemas.events import DESK, Activity
from schemas.needs import NOT_JUDGED
from schemas.policies import (
    WRAPUP_REASONS,
    Agents,
    Policies,
    QueuePolicy,
    Ratio,
    TeamPolicy,
    WrapupReasons,
    Zone,
)
from schemas.wording import did_you_mean, plainly

DEFAULT_FILE = Path("pult.toml")


def _tenant_name(name: str) -> str:
    if not name.isprintable() or "/" in name or name != name.strip() or not name:
        msg = f"{name!r} is no name of a tenant: some printable text without a slash"
        raise ValueError(msg)
    return name


def _no_desk(name: str) -> str:
    if name == DESK:
        msg = f"{DESK} is what Pult calls itself: name the source otherwise"
        raise ValueError(msg)
    return name


def _host_name(name: str) -> str:
    """Refuse what the system could not even look up: it says so in no words of its own."""
    try:
        name.encode("idna")
    except UnicodeError:
        msg = f"{name[:80]!r} is no name of a host: a part of it is empty or too long"
        raise ValueError(msg) from None
    return name


def _server_url(url: str) -> str:
    # What is refused is not repeated: it may hold a password.
    if not _SERVER_URL.fullmatch(url):
        msg = (
            "must be http:// or https://, a host and perhaps a port, as "
            "https://clickhouse.example:8443; user and password have settings of their own"
        )
        raise ValueError(msg)
    parts = urlsplit(url)
    _host_name(parts.hostname or "")
    _ = parts.port  # refuses one out of range
    return url


_SERVER_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+)(:[0-9]{1,5})?/?")

SourceName = Annotated[str, AfterValidator(_no_desk)]

HostName = Annotated[str, AfterValidator(_host_name)]

TenantName = Annotated[str, AfterValidator(_tenant_name)]
"""What stands before the slash of a domain, in addresses and in keys of Kafka."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AmiSettings(_Section):
    """How to reach Asterisk's manager interface."""

    host: HostName = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=5038, ge=1, le=65535)
    username: str = Field(default="pult", pattern=r"^[^\r\n]+$")
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


class WebhookSettings(_Section):
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


class SourceSettings(_Section):
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


class PrivacySettings(_Section):
    """What is kept of callers."""

    keep_numbers: bool = Field(default=False, description="store caller numbers in clear")
    secret_env: str = Field(
        default="", description="environment variable with the key of caller_key"
    )


class HttpSettings(_Section):
    """Where the wall and the store listen; loopback unless told otherwise.

    SQL, which asks for no password, is always on loopback.
    """

    host: HostName = "127.0.0.1"
    wall_port: int = Field(default=8400, ge=0, le=65535)
    sql_port: int = Field(default=8123, ge=0, le=65535)
    adapter_port: int = Field(
        default=8402, ge=0, le=65535, description="health and metrics of an adapter"
    )
    processor_port: int = Field(
        default=8400, ge=0, le=65535, description="wall, health and metrics of a worker"
    )
    webhook_host: HostName = Field(
        default="", description="where webhooks are listened for; empty: at host"
    )
    webhook_port: int = Field(
        default=8401, ge=0, le=65535, description="where sources of kind webhook post to"
    )
    sink_port: int = Field(
        default=8403, ge=0, le=65535, description="health and metrics of a sink"
    )


class DeskSettings(_Section):
    """Who may say over HTTP what was decided about an episode."""

    token_env: str = Field(default="", description="environment variable that holds the token")
    token_file: Path | None = Field(
        default=None,
        description="file whose first line is the token; neither: one made in the data folder",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.token_env and self.token_file:
            msg = "token_env and token_file are two tokens; set one"
            raise ValueError(msg)
        return self


class SupervisorSettings(DeskSettings):
    """Who may see the supervisor's page, which has everybody by name."""

    token_file: Path | None = Field(
        default=None,
        description="file whose first line is the token; neither: the page is closed",
    )


class KafkaSettings(_Section):
    """The brokers of the distributed form, and how to be let in."""

    bootstrap: str = Field(
        default="127.0.0.1:9092", min_length=1, description="HOST:PORT of brokers, by commas"
    )
    prefix: str = Field(
        default="pult",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="first part of the topics' names",
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


class ProcessorSettings(_Section):
    """When a worker or `run` saves, and how much may be rejected."""

    reject_share: Ratio = Field(
        default=0.1,
        description="above this share of the last events rejected a worker stops, and `run` "
        "and an adapter are not ready [0..1]",
    )
    reject_least: int = Field(default=100, ge=1, description="but not before so many of them")
    reject_window: int = Field(default=10_000, ge=100, description="of so many last events")
    snapshot_every: Duration = Field(
        default=timedelta(seconds=60), description="the state is saved so often"
    )
    snapshot_events: int = Field(
        default=50_000, ge=1_000, description="and after so many events of it"
    )


class JournalSettings(_Section):
    """What is kept of what the sources said, byte for byte."""

    keep: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(days=1),
        description="files of the journal stay so long, and longer while they are needed",
    )


class TenantSettings(_Section):
    """What one tenant wants otherwise; what it does not name holds as for everybody."""

    timezone: Zone | None = None
    queues: Mapping[str, QueuePolicy] = Field(default_factory=dict)
    agents: Agents = Field(default_factory=dict)
    teams: Mapping[str, TeamPolicy] = Field(default_factory=dict)
    discipline: TenantOverrides = Field(
        default={}, description="thresholds that hold for the tenant, by rule"
    )


class ClickHouseSettings(_Section):
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


class SinkSettings(_Section):
    """How much the sink stores at once, and when it stops rather than reject more."""

    flush_every: Duration = Field(
        default=timedelta(milliseconds=750), description="rows are visible after so long"
    )
    flush_rows: int = Field(
        default=20_000, ge=100, le=100_000, description="or as soon as a partition has so many"
    )
    writers: int = Field(default=2, ge=1, le=32, description="inserts that run at once")
    reject_share: Ratio = Field(
        default=0.1, description="above this share of the last records rejected it stops [0..1]"
    )
    reject_least: int = Field(default=100, ge=1, description="but not before so many of them")
    reject_window: int = Field(default=10_000, ge=100, description="of so many last records")


class Settings(_Section):
    """All settings of one installation."""

    tenant: TenantName = "main"
    timezone: Zone = "UTC"
    queues: Mapping[str, QueuePolicy] = Field(default_factory=dict)
    agents: Agents = Field(default_factory=dict)
    teams: Mapping[str, TeamPolicy] = Field(default_factory=dict)
    discipline: Discipline = Discipline()
    adherence: Mapping[Activity, Adherence] = Field(default_factory=dict)
    wrapup_reasons: WrapupReasons = WRAPUP_REASONS
    tenants: Mapping[TenantName, TenantSettings] = Field(default_factory=dict)
    sources: Mapping[SourceName, SourceSettings] = Field(default_factory=dict)
    privacy: PrivacySettings = PrivacySettings()
    journal: JournalSettings = JournalSettings()
    http: HttpSettings = HttpSettings()
    desk: DeskSettings = DeskSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    processor: ProcessorSettings = ProcessorSettings()
    sink: SinkSettings = SinkSettings()

    def policies(self, tenant: str | None = None) -> Policies:
        """Return what the fold has to know of these settings about a tenant.

        Args:
            tenant: whose; None: of `tenant` itself, "": of whoever has no settings of his own.
        """
        own = self.tenants.get(self.tenant if tenant is None else tenant, TenantSettings())
        return Policies(
            timezone=own.timezone or self.timezone,
            queues={**self.queues, **own.queues},
            agents={**self.agents, **own.agents},
            teams={**self.teams, **own.teams},
            discipline=self.discipline.changed([own.discipline]),
            adherence=self.adherence,
            wrapup_reasons=self.wrapup_reasons,
        )


def load(path: Path | None) -> Settings:
    """Read settings from a file, or the built-in defaults if none is named and none is there.

    Raises:
        SettingsInvalid: unreadable, not TOML, an unknown key, or a value out of range.
    """
    return parse(_text(path), str(path or DEFAULT_FILE))


def told(path: Path | None) -> Mapping[str, Any]:
    """Return what settings that were loaded say, and nothing that they leave to defaults."""
    return tomllib.loads(_text(path))


def _text(path: Path | None) -> str:
    if path is None:
        if not DEFAULT_FILE.exists():
            return ""
        path = DEFAULT_FILE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        msg = f"cannot read settings {path}: {reason} (--config names the file)"
        raise SettingsInvalid(msg) from error


def parse(text: str, name: str) -> Settings:
    """Read settings from TOML text; `name` stands for the file in messages."""
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        msg = f"settings {name} are not TOML: {error}"
        raise SettingsInvalid(msg) from error
    except ValidationError as error:
        msg = f"settings {name}: {'; '.join(_problems(error))}"
        raise SettingsInvalid(msg) from error


def _problems(error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"]) or "the file"
        if problem["type"] == "extra_forbidden" and problem["loc"][-1] in NOT_JUDGED:
            name = str(problem["loc"][-1])
            yield f"{place}: {name} is not judged: it {NOT_JUDGED[name]}"
        elif problem["type"] == "extra_forbidden":
            yield f"{place} is unknown{_nearest(problem['loc'])}"
        else:
            yield f"{place}: {plainly(problem['msg'])}"


def _nearest(place: tuple[int | str, ...]) -> str:
    return did_you_mean(str(place[-1]), _known_keys(place))


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    fields: Mapping[str, FieldInfo] = Settings.model_fields
    named = False
    for part in place[:-1]:
        if named:
            # The name of a queue, an agent or a source, which may be any word.
            named = False
            continue
        annotation = fields[str(part)].annotation
        named = get_origin(annotation) is Mapping
        fields = _section_in(annotation).model_fields
    return list(fields)


def _section_in(annotation: Any) -> type[BaseModel]:
    """Find the section in `Mapping[str, Section]`, `Section | None` or `Section`."""
    parts = (annotation, *get_args(annotation))
    return next(
        part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)
    )
