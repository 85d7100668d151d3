"""A kept message into events, as a mapping says: pure, and ready for a thousand a second."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from producers.envelope import Stamp, attributes
from producers.frame import (
    Frame,
    FrameWithoutRule,
    FrameWithoutTime,
    Naming,
    PartlyTranslated,
)
from producers.posted import Message, read
from producers.webhooks.body import parsed
from producers.webhooks.conditions import Asked, fits, prepared
from producers.webhooks.mapping import CrmMapping, EventRule, FieldSpec, FieldText, TimeSpec
from producers.webhooks.paths import Item, Path, text_of
from producers.webhooks.target import TARGETS, Target, tag_of
from producers.webhooks.times import instant
from producers.webhooks.values import coerced, number_of
from schemas.crm_events import SurveyAnsweredData, off_scale
from schemas.errors import UntranslatableFrame
from schemas.events import Clock, Event

_TELL = 3
"""So many of the troubles of one message are told of."""

_DEFECTS = (ArithmeticError, LookupError, TypeError, ValueError)
"""A stranger's words must not end the pipeline of everybody."""

_SUBJECTS = ("case_id", "card_id", "interaction_id", "channel_id", "agent_id")
_KEYED = frozenset({"caller_key", "dialled_key"})

Get: TypeAlias = Callable[[Item], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    get: Get
    required: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    asked: Asked
    target: Target
    fields: tuple[_Field, ...]
    time: TimeSpec | None


class Translator:
    """Translates what one source posts.

    Attributes:
        identity: where it looks for ids.

    Args:
        mapping: what its messages mean.
        agents: what the CRM calls people, and who they are.
    """

    def __init__(self, mapping: CrmMapping, agents: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._agents = agents
        self._items = Path.of(mapping.items)
        self._id = _paths(mapping.id)
        self.identity = repr((mapping.id, mapping.id_header))
        self._passed = [prepared(rule.when) for rule in mapping.passed]
        self._rules = [_rule(rule, mapping) for rule in mapping.events]

    def __call__(self, frame: Frame, names: Naming) -> list[Event]:
        """Return the events that a message tells of.

        Raises:
            UntranslatableFrame: it cannot be read; PartlyTranslated: some of it can.
        """
        message = read(frame)
        try:
            body = parsed(message.body, message.content_type, self._mapping.body)
            items = self._items_of(body)
        except _DEFECTS as defect:
            raise _untranslatable(defect) from defect
        if not items:
            msg = f"nothing is in the message{self._where()}"
            raise UntranslatableFrame(msg)
        events: list[Event] = []
        troubles: list[UntranslatableFrame] = []
        for place, told in enumerate(items):
            try:
                item = Item(told, body, message.headers)
                events += self._of_item(item, place, message, frame, names)
            except UntranslatableFrame as trouble:
                troubles.append(_at(place, trouble) if len(items) > 1 else trouble)
            except _DEFECTS as defect:
                troubles.append(_untranslatable(defect))
        if troubles and not events and len(items) == 1:
            raise troubles[0]
        if troubles:
            told_of = "; ".join(str(each) for each in troubles[:_TELL])
            msg = f"{len(troubles)} of {len(items)} items: {told_of}"
            raise PartlyTranslated(msg, events)
        return events

    def _items_of(self, body: Any) -> Sequence[Any]:
        found = self._items.find(Item(body, body, {})) if self._mapping.items else body
        if isinstance(found, dict) and self._mapping.items:
            # A list of a form: its places are keys.
            return list(found.values()) if all(key.isdigit() for key in found) else [found]
        if isinstance(found, list):
            return found
        return [] if found is None else [found]

    def _where(self) -> str:
        return f" at {self._mapping.items}" if self._mapping.items else ""

    def _of_item(
        self, item: Item, place: int, message: Message, frame: Frame, names: Naming
    ) -> list[Event]:
        if not isinstance(item.told, dict):
            msg = "an item is no object of keys and values"
            raise UntranslatableFrame(msg)
        if any(fits(asked, item) for asked in self._passed):
            return []
        matched = [rule for rule in self._rules if fits(rule.asked, item)]
        if not matched:
            if self._mapping.unmatched == "pass":
                return []
            msg = f"no rule of the mapping fits ({self._asked_of(item)})"
            raise FrameWithoutRule(msg)
        own = [text_of(found, p.text) for p in self._id if (found := p.find(item)) is not None]
        identity = tuple(own) or (message.key, str(place))
        events: list[Event] = []
        made: dict[str, int] = {}
        for rule in matched:
            tag = str(rule.target.event.__struct_config__.tag)
            made[tag] = made.get(tag, 0) + 1
            again = (str(made[tag]),) if made[tag] > 1 else ()
            stamp = self._stamp(rule, item, frame, (*identity, *again))
            data = self._data(rule, item, names)
            subject = next((v for name in _SUBJECTS if (v := getattr(data, name, ""))), "")
            kind: Any = rule.target.event
            events.append(kind(data=data, **attributes(frame, names, stamp, kind, subject)))
        return events

    def _asked_of(self, item: Item) -> str:
        """Return what the item says at the places that rules ask about, short."""
        paths = {path.text: path for rule in self._rules for path, _ in rule.asked}
        return ", ".join(_said(path, item) for path in list(paths.values())[:4]) or "no rule"

    def _stamp(self, rule: _Rule, item: Item, frame: Frame, identity: tuple[str, ...]) -> Stamp:
        clock: Clock = "source"
        if rule.time is None:
            at_us, resolution, clock = frame.received_at_us, 1, "adapter"
        else:
            paths = _paths(rule.time.path)
            found = next((v for p in paths if (v := p.find(item)) is not None), None)
            if found is None:
                msg = f"it does not say when it happened ({' or '.join(p.text for p in paths)})"
                raise FrameWithoutTime(msg)
            text = text_of(found, paths[0].text)
            at_us, resolution = instant(text, rule.time.format, _zone(rule.time.zone))
        return Stamp(at_us, at_us, clock, identity, resolution)

    def _data(self, rule: _Rule, item: Item, names: Naming) -> msgspec.Struct:
        told: dict[str, Any] = {}
        for field in rule.fields:
            value = field.get(item)
            if value is None:
                if field.required:
                    msg = f"{rule.target.data.__name__.removesuffix('Data')} lacks {field.name}"
                    raise UntranslatableFrame(msg)
                continue
            told[field.name] = self._named(
                field, coerced(rule.target, field.name, value), names
            )
        try:
            data = msgspec.convert(told, rule.target.data)
        except msgspec.ValidationError as error:
            raise UntranslatableFrame(str(error)) from error
        if isinstance(data, SurveyAnsweredData):
            wrong = off_scale(data.scale_min, data.score, data.scale_max)
            if wrong:
                raise UntranslatableFrame(wrong)
        return data

    def _named(self, field: _Field, value: Any, names: Naming) -> Any:
        if field.name == "agent_id":
            return self._agents.get(value, value)
        if field.name in _KEYED:
            return names.callers.key(value)
        if field.name == "dialled":
            return names.callers.masked(value)
        return value


def translate(frame: Frame, names: Naming) -> list[Event]:
    """Return the events of a kept message, by the mapping of its source.

    Raises:
        FrameWithoutRule: nobody has said how to read what this source posts.
        UntranslatableFrame: it cannot be read.
    """
    known = names.mappings.get(frame.source)
    if known is None:
        msg = f"the settings name no webhook mapping of the source {frame.source}"
        raise FrameWithoutRule(msg)
    return known(frame, names)


@cache
def _zone(name: str | None) -> ZoneInfo | None:
    return ZoneInfo(name) if name else None


def _said(path: Path, item: Item) -> str:
    found = path.find(item)
    # An empty word counts as missing, too.
    return f"{path.text} is missing" if found is None else f"{path.text} = {str(found)[:60]!r}"


def _untranslatable(defect: Exception) -> UntranslatableFrame:
    return UntranslatableFrame(f"it cannot be translated: {defect!r:.200}")


def _at(place: int, trouble: UntranslatableFrame) -> UntranslatableFrame:
    return UntranslatableFrame(f"item {place + 1}: {trouble}")


def _paths(told: str | tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(map(Path.of, (told,) if isinstance(told, str) else told))


def _rule(rule: EventRule, mapping: CrmMapping) -> _Rule:
    target = TARGETS[tag_of(rule.type)]
    fields = tuple(
        _Field(name, _getter(spec, mapping), name in target.required)
        for name, spec in rule.data.items()
    )
    time = rule.time if rule.time is not None else mapping.time
    return _Rule(
        prepared(rule.when), target, fields,
        TimeSpec(path=time) if isinstance(time, str) else time,
    )  # fmt: skip


def _getter(spec: FieldText, mapping: CrmMapping) -> Get:
    if isinstance(spec, str):
        return Path.of(spec).find
    if not isinstance(spec, FieldSpec):
        return lambda _: spec
    words = mapping.words[spec.words] if isinstance(spec.words, str) else spec.words
    return _Shaped(spec, {key.casefold(): word for key, word in words.items()})


class _Shaped:
    """A field with a form of its own."""

    def __init__(self, spec: FieldSpec, words: Mapping[str, Any]) -> None:
        self._spec = spec
        self._paths = _paths(spec.path)
        self._words = words
        self._match = re.compile(spec.match) if spec.match else None
        parts = re.split(r"\{([^{}]*)\}", spec.template)
        self._literals, self._inserts = parts[::2], tuple(map(Path.of, parts[1::2]))

    def __call__(self, item: Item) -> Any:
        spec = self._spec
        if spec.value is not None:
            return spec.value
        found = self._found(item)
        if found is not None and self._match is not None:
            hit = self._match.search(text_of(found, self._name))
            found = hit[1] if hit else None
        if found is None:
            return spec.otherwise
        if self._words:
            word = self._words.get(
                text_of(found, self._name).strip().casefold(), spec.otherwise
            )
            if word is None:
                msg = f"{self._name} = {str(found)[:60]!r} is none of the words of the mapping"
                raise UntranslatableFrame(msg)
            return word
        if spec.times != 1:
            return number_of(found, self._name) * Decimal(str(spec.times))
        return found

    @property
    def _name(self) -> str:
        return self._paths[0].text if self._paths else self._spec.template

    def _found(self, item: Item) -> Any:
        if not self._spec.template:
            return next((v for p in self._paths if (v := p.find(item)) is not None), None)
        told = [path.find(item) for path in self._inserts]
        if any(each is None for each in told):
            return None
        texts = [text_of(v, p.text) for v, p in zip(told, self._inserts, strict=True)]
        pairs = zip(self._literals, [*texts, ""], strict=True)
        return "".join(literal + text for literal, text in pairs)
