"""Boards put into Grafana: what is there already stays, nothing of others is replaced."""

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from dashboards.addresses import checked
from dashboards.canvas import MARK
from dashboards.grafana import TAKEN, Grafana
from dashboards.places import FOLDERS, folder_uid
from dashboards.texts import messages
from schemas.errors import GrafanaRefused

_OF_GRAFANA = ("id", "version")
"""Numbers that Grafana gives; they say nothing about what is shown."""


class Outcome(StrEnum):
    """What became of a board."""

    MADE = "made"
    CHANGED = "changed"
    THERE = "there already"
    MISSING = "missing"
    DIFFERS = "differs"
    FAILED = "failed"


class Told(NamedTuple):
    """A board, what became of it, and why where it failed."""

    uid: str
    outcome: Outcome
    why: str = ""


def deploy(grafana: Grafana, boards: Mapping[Path, str]) -> Iterator[Told]:
    """Put boards into their folders; one that Grafana refuses does not stop the others.

    Args:
        grafana: where to.
        boards: texts by file: language, folder, uid.

    Raises:
        GrafanaFailed: Grafana does not answer any more; what is there stays, begin again.
    """
    for language, folder in sorted({path.parts[:2] for path in boards}):
        _ensure_folder(grafana, language, folder)
    for path, text in boards.items():
        language, folder = path.parts[:2]
        try:
            yield Told(path.stem, _put(grafana, json.loads(text), folder_uid(folder, language)))
        except GrafanaRefused as refused:
            yield Told(path.stem, Outcome.FAILED, str(refused))


def compare(grafana: Grafana, boards: Mapping[Path, str]) -> Iterator[Told]:
    """Say of each board whether Grafana shows what we make."""
    for path, text in boards.items():
        language, folder = path.parts[:2]
        found = grafana.board(path.stem)
        wanted = json.loads(text)
        if found is None:
            yield Told(path.stem, Outcome.MISSING)
        elif _same(found, wanted, folder_uid(folder, language)):
            yield Told(path.stem, Outcome.THERE)
        else:
            yield Told(path.stem, Outcome.DIFFERS)


def annotate(grafana: Grafana, text: str, kind: str, from_ms: int, to_ms: int) -> bool:
    """Mark a stretch of time on all boards; return False where that mark is there already."""
    tags = [MARK, kind]
    for each in grafana.marks(from_ms, to_ms, tags):
        span = (each.get("time"), each.get("timeEnd") or each.get("time"))
        if each.get("text") == text and span == (from_ms, to_ms):
            return False
    grafana.mark(text, tags, from_ms, to_ms)
    return True


def screens(
    url: str, teams: Mapping[str, Iterable[str]], languages: Iterable[str]
) -> Iterator[str]:
    """Return the addresses of walls, of all and of each team with its queues.

    Args:
        url: of Grafana.
        teams: queues by team.
        languages: of the boards.

    Raises:
        GrafanaFailed: that is no address.
    """
    begin = checked(url).text
    shown = "kiosk&theme=dark&refresh=5s&from=now-30m&to=now"
    for language in languages:
        for wall in ("floor", "supervisor"):
            address = f"{begin}/d/pult-{wall}-{language}?{shown}"
            yield address
            for team, queues in sorted(teams.items()):
                chosen = [("team", team), *(("queue", queue) for queue in sorted(queues))]
                yield f"{address}&" + urlencode([(f"var-{name}", one) for name, one in chosen])


def _ensure_folder(grafana: Grafana, language: str, folder: str) -> None:
    uid = folder_uid(folder, language)
    title = messages()["folders"][FOLDERS[FOLDERS.index(folder)]][language]
    found = grafana.folder(uid)
    if found is None:
        try:
            grafana.make_folder(uid, title)
        except GrafanaRefused as refused:
            # Another deploy may have made it meanwhile; a folder of that title is another one.
            if refused.status not in TAKEN or grafana.folder(uid) is None:
                raise
    elif found.get("title") != title:
        grafana.name_folder(uid, title)


def _put(grafana: Grafana, wanted: dict[str, Any], folder: str) -> Outcome:
    uid: str = wanted["uid"]
    found = grafana.board(uid)
    if found is not None and _same(found, wanted, folder):
        return Outcome.THERE
    if found is not None and found["meta"].get("provisioned"):
        msg = f"the board {uid} comes from files of that Grafana: change those, not the board"
        raise GrafanaRefused(msg, 400)
    told = grafana.put_board(wanted, folder, replace=found is not None)
    # An empty answer says nothing, and a wrong uid is another board: look what is there now.
    if told is None or told.get("uid") != uid:
        now = grafana.board(uid)
        if now is None or not _same(now, wanted, folder):
            msg = f"the board {uid} is not there although Grafana took it"
            raise GrafanaRefused(msg, 200)
    return Outcome.MADE if found is None else Outcome.CHANGED


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any], folder: str) -> bool:
    if found["meta"].get("folderUid", folder) != folder:
        return False
    return _ours(found["dashboard"]) == _ours(wanted)


def _ours(board: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in board.items() if name not in _OF_GRAFANA}
