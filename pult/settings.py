"""Settings: one TOML file, one model, unknown keys refused with the nearest known name.

Secrets come only from the environment or from files. No other package reads settings; each is
handed the values it needs.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from pult.section import HostName, Section, TenantName
from pult.server_settings import ClickHouseSettings, KafkaSettings
from pult.source_settings import SourceName, SourceSettings
from schemas.adherence import Adherence
from schemas.discipline import Discipline, TenantOverrides
from schemas.durations import Duration
from schemas.errors import SettingsInvalid
from schemas.events import Activity
from schemas.needs import NOT_JUDGED
from schemas.policies import (
    WRAPUP_REASONS,
    Agents,
    Policies,
    Queues,
    Ratio,
    TeamPolicy,
    WrapupReasons,
    Zone,
)
from schemas.wording import did_you_mean, plainly

DEFAULT_FILE = Path("pult.toml")


class PrivacySettings(Section):
    """What is kept of callers."""

    keep_numbers: bool = Field(default=False, description="store caller numbers in clear")
    secret_env: str = Field(
        default="", description="environment variable with the key of caller_key"
    )


class HttpSettings(Section):
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


class DeskSettings(Section):
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


class ProcessorSettings(Section):
    """When a worker or `run` saves, and how much may be rejected."""

    reject_share: Ratio = Field(
        default=0.1,
        description="above this share of the last events rejected a worker stops, and `run` "
        "and an adapter are not ready [0..1]",
    )
    reject_least: int = Field(default=100, ge=1, description="but not before so many of them")
    reject_window: int = Field(default=10_000, ge=100, description="of so many last events")
    snapshot_every: Duration = Field(
        default=timedelta(seconds=60),
        ge=timedelta(milliseconds=100),
        description="the state is saved so often",
    )
    snapshot_events: int = Field(
        default=50_000, ge=1_000, description="and after so many events of it"
    )


class JournalSettings(Section):
    """What is kept of what the sources said, byte for byte."""

    keep: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(days=1),
        description="files of the journal stay so long, and longer while they are needed",
    )


class TenantSettings(Section):
    """What one tenant wants otherwise; what it does not name holds as for everybody."""

    timezone: Zone | None = None
    queues: Queues = Field(default_factory=dict)
    agents: Agents = Field(default_factory=dict)
    teams: Mapping[str, TeamPolicy] = Field(default_factory=dict)
    discipline: TenantOverrides = Field(
        default={}, description="thresholds that hold for the tenant, by rule"
    )


class SinkSettings(Section):
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


class Settings(Section):
    """All settings of one installation."""

    tenant: TenantName = "main"
    timezone: Zone = "UTC"
    queues: Queues = Field(default_factory=dict)
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
        # Editors of Windows begin a file with a byte order mark.
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        msg = f"cannot read settings {path}: {reason} (--config names the file)"
        raise SettingsInvalid(msg) from error


def parse(text: str, name: str) -> Settings:
    """Read settings from TOML text; `name` stands for the file in messages.

    Raises:
        SettingsInvalid: they are not TOML, or something in them is wrong; every such thing is
            named with its place.
    """
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
