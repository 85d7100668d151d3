"""How a file of plans is to be read: which column means what, and what its words mean.

A mapping is a TOML file; one that ships with Pult goes by its name.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.adherence import ACTIVITIES
from schemas.errors import UnreadableRecording
from schemas.events import Activity
from schemas.policies import Zone
from schemas.wording import plainly


class Columns(BaseModel):
    """Names of columns, or of keys in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    agent: str = "agent"
    kind: str = "kind"
    start: str = Field(default="from", alias="from")
    end: str = Field(default="to", alias="to")
    date: str = Field(default="date", description="the day, where from and to are times only")
    zone: str = "zone"
    name: str = "name"


class PlanMapping(BaseModel):
    """All that a file may do otherwise.

    Attributes:
        rows: in JSON, where the rows are: keys with dots between; a word in braces stands for
            every key and takes its name, e.g. `{agent}.SCHEDULE.{kind}`.
        columns: names of columns.
        kinds: what the file's words for activities mean; ours are known besides.
        time_format: as for strptime; empty: ISO 8601.
        date_format: of the day, likewise.
        zone: whose local times are meant where neither row nor settings say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str = ""
    columns: Columns = Columns()
    kinds: Mapping[str, Activity] = Field(default_factory=dict)
    time_format: str = ""
    date_format: str = ""
    zone: Zone | None = None

    def activity(self, word: str) -> Activity | None:
        """Return what a word of the file means, None if nobody knows."""
        wanted = word.strip().casefold()
        for each, activity in self.kinds.items():
            if each.casefold() == wanted:
                return activity
        return next((each for each in ACTIVITIES if each == wanted), None)


def mapping(name: str) -> PlanMapping:
    """Return a mapping: a shipped one by its name, else that of a file; "" means the default.

    Raises:
        UnreadableRecording: there is none, or it says what no mapping can say.
    """
    if not name:
        return PlanMapping()
    shipped = {
        each.name.removesuffix(".toml"): each for each in _SHIPPED.iterdir()
        if each.name.endswith(".toml")
    }  # fmt: skip
    try:
        if name in shipped:
            text = shipped[name].read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
        return PlanMapping.model_validate(tomllib.loads(text))
    except OSError as error:
        known = ", ".join(sorted(shipped))
        why = f"{error.strerror or error}; give a file, or one of: {known}"
        raise _bad(name, why) from error
    except UnicodeDecodeError as error:
        raise _bad(name, "it is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"it is no TOML: {error}") from error
    except ValidationError as error:
        raise _bad(name, _complaint(error)) from error


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] != "extra_forbidden":
        return f"{'.'.join(place)}: {plainly(first['msg'])}"
    known = _keys(Columns if place[0] == "columns" else PlanMapping)
    close = get_close_matches(place[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"{'.'.join(place)} is unknown, {hint}"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _bad(name: str, why: str) -> UnreadableRecording:
    return UnreadableRecording(f"cannot use the mapping {name}: {why}")


_SHIPPED: Any = files("producers.schedule") / "mappings"
