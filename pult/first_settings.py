"""The first settings of an installation, written from what a PBX shows of itself."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from producers.durable import taking_place
from pult.settings import parse
from pult.source_settings import AmiSettings
from pult.survey import Survey
from schemas.durations import LONGEST
from schemas.errors import SettingsInvalid
from schemas.policies import LONGEST_WRAPUP, QueuePolicy


def first_settings(
    name: str, ami: AmiSettings, queue_log: Path | None, found: Survey, zone: str
) -> str:
    """Return the text of a settings file; secrets are in it by the names of variables only.

    A team is made of each queue; a member of several queues belongs to the first by name, and
    whoever knows better changes that.
    """
    lines = [
        "# Written by `pult init`; docs/sources/asterisk.md says what can be added.",
        f"timezone = {_quoted(zone)}",
        "",
    ]
    for queue in sorted(found.queues):
        lines += [f"[queues.{_quoted(queue)}]", _answer_within(found.targets.get(queue))]
        lines += [
            'short_abandon = "5s"',
            *_wrapup(found.wrapups.get(queue, 0)),
            f"team = {_quoted(queue)}",
            "",
        ]
    for agent, team in sorted(_teams(found.queues).items()):
        lines += [f"[agents.{_quoted(agent)}]", f"team = {_quoted(team)}"]
        lines += [*_phone(found.devices.get(agent, "")), ""]
    lines += [f"[sources.{_quoted(name)}]", 'kind = "asterisk"']
    if queue_log is not None:
        lines.append(f"queue_log = {_quoted(str(queue_log))}")
    lines += ["", f"[sources.{_quoted(name)}.ami]", *_ami(ami)]
    text = "\n".join(lines) + "\n"
    parse(text, "to be written")
    return text


def write(path: Path, text: str, *, force: bool) -> None:
    """Write settings where none are, or where that is wanted: all of them, or none.

    Raises:
        SettingsInvalid: there is a file already, or it cannot be written.
    """
    if path.exists() and not force:
        msg = f"{path} is there already; --force overwrites it, --config names another"
        raise SettingsInvalid(msg)
    target = path.resolve()
    try:
        with taking_place(target) as file:
            file.write(text.encode())
            if target.exists():
                _let_read(file.fileno(), target.stat())
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}; name another with --config"
        raise SettingsInvalid(msg) from error


def _let_read(handle: int, before: os.stat_result) -> None:
    """Let the same people read a file who may read the one before."""
    os.fchmod(handle, stat.S_IMODE(before.st_mode))
    if os.geteuid() == 0:
        os.fchown(handle, before.st_uid, before.st_gid)


def _answer_within(seconds: int | None) -> str:
    """Return the target of a queue: `servicelevel` of its queues.conf, else ours."""
    longest = round(LONGEST.total_seconds())
    usual = round(QueuePolicy().answer_within.total_seconds())
    return f'answer_within = "{usual if seconds is None else min(seconds, longest)}s"'


def _wrapup(seconds: int) -> list[str]:
    longest = round(LONGEST_WRAPUP.total_seconds())
    return [f'wrapup = "{min(seconds, longest)}s"'] if seconds else []


def _phone(device: str) -> list[str]:
    """Return how an agent's phone is known: of a hint, by the extension that it names."""
    if device.startswith("hint:"):
        extension = device.removeprefix("hint:").partition("@")[0]
        return [f"ids = [{_quoted(extension)}]"]
    return [f"devices = [{_quoted(device)}]"] if device else []


def _teams(queues: Mapping[str, set[str]]) -> dict[str, str]:
    teams: dict[str, str] = {}
    for queue in sorted(queues):
        for agent in queues[queue]:
            teams.setdefault(agent, queue)
    return teams


def _ami(ami: AmiSettings) -> list[str]:
    lines = [
        f"host = {_quoted(ami.host)}",
        f"port = {ami.port}",
        f"username = {_quoted(ami.username)}",
        f"secret_env = {_quoted(ami.secret_env)}",
    ]
    if ami.auth != "md5":
        lines.append(f"auth = {_quoted(ami.auth)}")
    if ami.tls:
        lines.append("tls = true")
    if ami.ca is not None:
        lines.append(f"ca = {_quoted(str(ami.ca))}")
    if ami.server_name:
        lines.append(f"server_name = {_quoted(ami.server_name)}")
    return lines


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which JSON's are but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
