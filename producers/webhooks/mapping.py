"""What a CRM's messages mean, as a TOML file: which events, and where their fields stand.

The file is checked as it is read: an unknown key, event type, field or format is one line with
the nearest known name. docs/sources/adding-one.md leads through one.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from producers.webhooks.hidden import Hidden
from producers.webhooks.paths import Path
from producers.webhooks.scheme import Scheme
from producers.webhooks.target import TARGETS, Target, tag_of
from producers.webhooks.times import FORMATS
from producers.webhooks.values import check_constant
from schemas.crm_events import off_scale
from schemas.errors import MappingInvalid
from schemas.policies import Zone
from schemas.wording import did_you_mean, plainly

SHIPPED: Any = files("producers") / "mappings"

Word: TypeAlias = str | int | float | bool


def _path(text: str) -> str:
    Path.of(text)
    return text


def _format(text: str) -> str:
    if text not in FORMATS and "%" not in text:
        near = get_close_matches(text, FORMATS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(FORMATS)}"
        msg = f"no time format {text!r}, {hint} or a pattern of strptime"
        raise ValueError(msg)
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        msg = f"{text!r} is no regular expression: {error}"
        raise ValueError(msg) from error
    return text


PathText = Annotated[str, AfterValidator(_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TimeSpec(_Section):
    """Where the time stands and how it is written; `zone` where it names none itself."""

    path: PathText | tuple[PathText, ...]
    format: Annotated[str, AfterValidator(_format)] = "iso"
    zone: Zone | None = None


class FieldSpec(_Section):
    """How a field of an event comes out of a message.

    Attributes:
        path: where it stands; of several the first that is there.
        value: what it always is, instead of a path.
        words: what the source's words mean: a table here, or the name of one of `words`.
        otherwise: what any other word means; without it such a message is rejected.
        match: a regular expression; its first group counts.
        times: a number is multiplied by it, as 1000 for seconds where ms are wanted.
        template: text with paths in braces, as `{type}-{id}`, instead of a path.
    """

    path: PathText | tuple[PathText, ...] = ()
    value: Word | None = None
    words: Mapping[str, Word] | str = Field(default_factory=dict)
    otherwise: Word | None = None
    match: Pattern = ""
    times: float = 1
    template: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum((self.path != (), self.value is not None, self.template != "")) != 1:
            msg = "set one of path, value and template"
            raise ValueError(msg)
        if self.match and re.compile(self.match).groups != 1:
            msg = f"match {self.match!r} needs one group in parentheses"
            raise ValueError(msg)
        for each in re.findall(r"\{([^{}]*)\}", self.template):
            Path.of(each)
        return self


class Test(_Section):
    """What is asked of a place, where equal to a word is not enough."""

    exists: bool | None = None
    not_: Word | tuple[Word, ...] | None = Field(default=None, alias="not")
    like: Pattern = ""
    above: float | None = None
    below: float | None = None


Condition: TypeAlias = Word | tuple[Word, ...] | Test
When: TypeAlias = Mapping[PathText, Condition]
FieldText: TypeAlias = PathText | FieldSpec | int | float | bool


class EventRule(_Section):
    """Which messages are an event of which type; all of `when` must hold."""

    type: str
    when: When = Field(default_factory=dict)
    time: PathText | TimeSpec | None = None
    data: Mapping[str, FieldText]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        target = TARGETS.get(tag_of(self.type))
        if target is None:
            names = [each.removeprefix("cc.").removesuffix(".v1") for each in TARGETS]
            msg = f"no event type {self.type!r}{did_you_mean(self.type, names)}"
            raise ValueError(msg)
        for name in self.data:
            if name not in target.fields:
                msg = f"{self.type} has no field {name!r}{did_you_mean(name, target.fields)}"
                raise ValueError(msg)
        missing = [name for name in target.required if name not in self.data]
        if missing:
            msg = f"{self.type} needs {', '.join(missing)}: say in data where it stands"
            raise ValueError(msg)
        self._check_constants(target)
        return self

    def _check_constants(self, target: Target) -> None:
        """Refuse at once what each message would be rejected for."""
        for name, told in self.data.items():
            for constant in _constants(told):
                check_constant(target, name, constant)
        low, high = (_number(self.data.get(name)) for name in ("scale_min", "scale_max"))
        if low is not None and high is not None:
            wrong = off_scale(low, low, high)
            if wrong:
                raise ValueError(wrong)


def _constants(told: FieldText) -> list[Word]:
    if isinstance(told, str):
        return []
    if not isinstance(told, FieldSpec):
        return [told]
    words = [] if isinstance(told.words, str) else list(told.words.values())
    return [each for each in (told.value, told.otherwise, *words) if each is not None]


def _number(told: FieldText | None) -> float | None:
    value = told.value if isinstance(told, FieldSpec) else told
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


class PassRule(_Section):
    """Which messages mean nothing to a contact centre."""

    when: When


class CrmMapping(_Section):
    """A whole file.

    Attributes:
        title: what people call the system.
        about: which of its messages it sends, and where that is set up.
        body: `json`, `form`, or `any` of them.
        items: where in the body the list of items is; empty: the body is one item or a list.
        id: where the sender's own id of an item stands, so that it counts once.
        id_header: the header with the sender's id of a message.
        time: when it happened; without it the instant of receipt counts.
        headers: headers that paths (`@Name`) read.
        unmatched: what becomes of an item that no rule fits.
        signature: how the sender shows that it is he.
        hidden: where in the body secrets stand; they are blotted out before it is kept.
        words: tables of words by name, for `words` of fields.
        events: the rules, in the file `[[event]]`; each that fits makes an event.
        passed: in the file `[[pass]]`; an item that fits one makes none.
    """

    title: str
    about: str = ""
    body: Literal["json", "form", "any"] = "any"
    items: PathText = ""
    id: PathText | tuple[PathText, ...] = ()
    id_header: str = ""
    time: PathText | TimeSpec | None = None
    headers: tuple[str, ...] = ()
    unmatched: Literal["reject", "pass"] = "reject"
    signature: Scheme | None = None
    hidden: tuple[PathText, ...] = ()
    words: Mapping[str, Mapping[str, Word]] = Field(default_factory=dict)
    events: Annotated[tuple[EventRule, ...], Field(alias="event", min_length=1)]
    passed: Annotated[tuple[PassRule, ...], Field(alias="pass")] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for rule in self.events:
            for field, each in rule.data.items():
                if isinstance(each, FieldSpec) and isinstance(each.words, str):
                    self._check_words(rule, field, each.words)
        for path in self.hidden:
            if path.startswith("@") or all(part.isdigit() for part in Path.of(path).parts):
                msg = f"hidden: {path!r} names no key of a body"
                raise ValueError(msg)
        for path in self._paths():
            name = path.removeprefix("@")
            if path != name and name.lower() not in map(str.lower, self.headers):
                near = did_you_mean(name, self.headers)
                msg = f"{path} reads a header that headers does not name{near}"
                raise ValueError(msg)
            self._check_hidden(path)
        return self

    def _check_words(self, rule: EventRule, field: str, name: str) -> None:
        if name not in self.words:
            msg = f"there is no table words.{name}{did_you_mean(name, self.words)}"
            raise ValueError(msg)
        for word in self.words[name].values():
            try:
                check_constant(TARGETS[tag_of(rule.type)], field, word)
            except ValueError as error:
                msg = f"words.{name}: {rule.type}: {error}"
                raise ValueError(msg) from error

    def _check_hidden(self, path: str) -> None:
        """Refuse to hide what is read: of all that stands there only stars would be left."""
        place = Path.of(path)
        above = () if place.start else Path.of(self.items).parts
        for hidden in self.hidden:
            if place.start != "@" and Hidden((hidden,)).hides((*above, *place.parts)):
                msg = f"hidden: {hidden!r} hides {path!r}, which is read; read another place"
                raise ValueError(msg)

    def _paths(self) -> list[str]:
        whens = [rule.when for rule in self.events] + [rule.when for rule in self.passed]
        times = [self.time, *(rule.time for rule in self.events)]
        fields = [each for rule in self.events for each in rule.data.values()]
        read = [path for each in (self.id, *times, *fields) for path in _read_by(each)]
        return [*read, *(path for when in whens for path in when)]


def _read_by(told: FieldText | TimeSpec | tuple[str, ...] | None) -> Sequence[str]:
    if isinstance(told, str):
        return [told]
    if isinstance(told, tuple):
        return told
    if isinstance(told, FieldSpec) and told.template:
        return re.findall(r"\{([^{}]*)\}", told.template)
    return _read_by(told.path) if isinstance(told, FieldSpec | TimeSpec) else []


def shipped() -> list[str]:
    """Return the names of the mappings that come with Pult."""
    names = (each.name for each in SHIPPED.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def mapping(name: str) -> CrmMapping:
    """Return a mapping: a shipped one by its name, else that of a file.

    Raises:
        MappingInvalid: there is none, or it says what no mapping can say.
    """
    try:
        if name in shipped():
            text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = FilePath(name).read_text(encoding="utf-8")
    except OSError as error:
        near = did_you_mean(name, shipped())
        raise _bad(name, f"{error.strerror or error}; give a file, or a name{near}") from error
    except UnicodeDecodeError as error:
        raise _bad(name, "it is not UTF-8 text") from error
    return parsed_mapping(text, name)


def parsed_mapping(text: str, name: str) -> CrmMapping:
    """Return the mapping that a text of TOML is; `name` stands for it in messages.

    Raises:
        MappingInvalid: it says what no mapping can say.
    """
    try:
        return CrmMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"it is no TOML: {error}") from error
    except ValidationError as error:
        raise _bad(name, _complaint(error)) from error


_MODELS: Mapping[str, type[BaseModel]] = {
    "event": EventRule, "pass": PassRule, "signature": Scheme, "time": TimeSpec,
    "data": FieldSpec, "when": Test,
}  # fmt: skip


def _complaint(error: ValidationError) -> str:
    # Where several forms are allowed each complains; whoever got furthest knows best.
    first = max(error.errors(), key=_telling)
    parts = [part for part in first["loc"] if not str(part).endswith(("]", "Spec", "Test"))]
    # People count from one.
    place = [
        str(part + 1 if isinstance(part, int) else part) for part in parts if part not in _FORMS
    ]
    if first["type"] != "extra_forbidden":
        text = plainly(first["msg"])
        return f"{'.'.join(place)}: {text}" if place else text
    above = next((each for each in reversed(place[:-1]) if each in _MODELS), "")
    model = _MODELS.get(above, CrmMapping)
    known = [field.alias or name for name, field in model.model_fields.items()]
    near = did_you_mean(place[-1], known)
    if model is Test and "did you mean" not in near:
        near += "; a path with dots stands in quotes"
    return f"{'.'.join(place)} is unknown{near}"


def _telling(error: Any) -> tuple[bool, int, bool]:
    kind = error["type"]
    return kind == "extra_forbidden", len(error["loc"]), not kind.endswith("_type")


_FORMS = frozenset({"str", "int", "float", "bool", "FieldSpec", "TimeSpec", "Test"})


def _bad(name: str, why: str) -> MappingInvalid:
    return MappingInvalid(f"cannot use the mapping {name}: {why}")
