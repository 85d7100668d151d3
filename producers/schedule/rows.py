"""The rows of a file of plans, CSV or JSON, each with its place for whoever has to mend it."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from producers.recording import checked_chunks, unreadable
from producers.schedule.mapping import PlanMapping

KIND = "schedule"
_DELIMITERS = ",;\t|"
_EXCEL = re.compile(r'"?sep=([^"])"?', re.IGNORECASE)
"""What Excel may write above the header: which delimiter it took."""

_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the file has it: words by our names, empty where it has none."""

    place: str
    words: Mapping[str, str]


def rows(path: Path, how: PlanMapping) -> list[Row]:
    """Return the rows of a file, plain or gzip; JSON is told by its first character.

    Raises:
        UnreadableRecording: it cannot be read, is no table, or lacks a column.
    """
    content = b""
    for chunk in checked_chunks(path, KIND):
        content += chunk
        if len(content) > _LARGEST:
            raise unreadable(path, KIND, "it is larger than 256 MB; import it in parts")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is no UTF-8; convert it: iconv -f WINDOWS-1251 -t UTF-8"
        raise unreadable(path, KIND, why) from error
    found = _of_json(path, text, how) if text.lstrip()[:1] in ("{", "[") else None
    return found if found is not None else _of_csv(path, text, how)


# --- CSV ------------------------------------------------------------------------------------


def _of_csv(path: Path, text: str, how: PlanMapping) -> list[Row]:
    head, _, rest = text.partition("\n")
    above = 0
    told = _EXCEL.fullmatch(head.strip())
    if told:
        text, above = rest, 1
        head = rest.partition("\n")[0]
    delimiter = told[1] if told else max(_DELIMITERS, key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [each.strip() for each in next(reader)]
        places = _places(path, header, how)
        made = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                why = (
                    f"line {above + reader.line_num} has {len(cells)} fields, its first line "
                    f"{len(header)}; nothing was imported"
                )
                raise unreadable(path, KIND, why)
            words = {name: cells[place].strip() for name, place in places.items()}
            made.append(Row(f"line {above + reader.line_num}", words))
    except csv.Error as error:
        raise unreadable(path, KIND, f"line {above + reader.line_num}: {error}") from error
    return made


def _places(path: Path, header: list[str], how: PlanMapping) -> dict[str, int]:
    folded = [each.casefold() for each in header]
    places = {}
    for ours, theirs in how.columns.model_dump(by_alias=True).items():
        if theirs.casefold() in folded:
            places[ours] = folded.index(theirs.casefold())
        elif ours in _NEEDED:
            why = (
                f"it has no column {theirs!r} (it has: {', '.join(header)}); "
                "name the columns in a mapping"
            )
            raise unreadable(path, KIND, why)
    return places


_NEEDED = ("agent", "kind", "from", "to")


# --- JSON -----------------------------------------------------------------------------------


def _of_json(path: Path, text: str, how: PlanMapping) -> list[Row]:
    try:
        whole = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise unreadable(path, KIND, f"it is no JSON: {error}") from error
    steps = [step for step in how.rows.split(".") if step]
    names = how.columns.model_dump(by_alias=True)
    made = []
    for place, taken, found in _walk(whole, steps, "", {}):
        if not isinstance(found, dict):
            raise unreadable(path, KIND, f"{place or 'it'} is no object with {names['from']!r}")
        words = {ours: _word(found.get(theirs, "")) for ours, theirs in names.items()}
        words.update(taken)
        lacking = [names[each] for each in _NEEDED if not words[each]]
        if lacking:
            raise unreadable(path, KIND, f"{place or 'it'} has no {lacking[0]!r}")
        made.append(Row(place, words))
    return made


def _word(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _walk(
    value: Any, steps: list[str], place: str, taken: dict[str, str]
) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Yield what stands where the steps lead: its place, the names passed, and itself."""
    if isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _walk(each, steps, f"{place}[{number}]", taken)
        return
    if not steps:
        yield place, taken, value
        return
    if not isinstance(value, dict):
        return
    step, rest = steps[0], steps[1:]
    dot = "." if place else ""
    if step.startswith("{"):
        for key, each in value.items():
            yield from _walk(each, rest, f"{place}{dot}{key}", {**taken, step.strip("{}"): key})
    elif step in value:
        yield from _walk(value[step], rest, f"{place}{dot}{step}", taken)
