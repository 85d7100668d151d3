"""`pult dashboards`: Grafana's boards, made from code and put into Grafana."""

import argparse
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pult import settings
from pult.context import Context, add_common
from schemas.errors import BoardsDiffer, GrafanaFailed, PultFailure
from schemas.wording import counted

if TYPE_CHECKING:
    from dashboards.grafana import Grafana

DEFAULT_FOLDER = Path("dashboards/generated")
DEFAULT_URL = "http://127.0.0.1:3000"
LANGUAGES = ("en", "ru", "zh")
KINDS = ("shift", "outage", "campaign", "release", "other")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="write the boards, a file for each")
    check = actions.add_parser(
        "check", help="compare files, or Grafana, with what build writes"
    )
    deploy = actions.add_parser("deploy", help="put the boards into Grafana")
    annotate = actions.add_parser("annotate", help="mark a time on all boards")
    screens = actions.add_parser("screens", help="print the addresses of walls for screens")
    for each in (build, check, deploy, annotate, screens):
        add_common(each)
    for each in (build, check):
        each.add_argument(
            "--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR",
            help=f"where the files are (default {DEFAULT_FOLDER})",
        )  # fmt: skip
    for each in (build, check, deploy):
        each.add_argument(
            "--from-settings", action="store_true",
            help="targets and time zone of the settings, not 80 %% within 20 s and UTC",
        )  # fmt: skip
    check.add_argument("--deployed", action="store_true", help="compare Grafana, not files")
    for each in (check, deploy, annotate, screens):
        each.add_argument(
            "--url", metavar="URL",
            help=f"of Grafana (default GRAFANA_URL or {DEFAULT_URL}); token: GRAFANA_TOKEN",
        )  # fmt: skip
    for each in (check, deploy, screens):
        each.add_argument(
            "--language",
            choices=LANGUAGES,
            action="append",
            help="only this one; several times",
        )
    annotate.add_argument("text", type=_text, help="what happened")
    annotate.add_argument("--kind", choices=KINDS, default="other", help="what sort of thing")
    for name, text in (
        ("--from", "when it began, as in 2026-03-02T09:00+03:00 (default now)"),
        ("--to", "when it was over (default --from); no zone: that of the settings"),
    ):
        annotate.add_argument(
            name, dest=f"{name[2:]}_at", type=_instant, metavar="TIME", help=text
        )


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    doing = {
        "build": _build, "check": _check, "deploy": _deploy, "annotate": _annotate,
        "screens": _screens,
    }  # fmt: skip
    return doing[chosen.action](context, chosen)


def _text(text: str) -> str:
    if text.strip():
        return text
    msg = "a mark needs a text"
    raise argparse.ArgumentTypeError(msg)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no time like 2026-03-02T09:00+03:00"
        raise argparse.ArgumentTypeError(msg) from error


def _ms(context: Context, at: datetime) -> int:
    """Return an instant [ms]; one without a zone is by the clock of the settings."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(settings.load(context.config).timezone))
    return round(at.timestamp() * 1000)


def _boards(context: Context, chosen: argparse.Namespace) -> Mapping[Path, str]:
    from dashboards.generate import generated
    from dashboards.limits import Limits

    languages = tuple(getattr(chosen, "language", None) or LANGUAGES)
    if not chosen.from_settings:
        return generated(languages=languages)
    loaded = settings.load(context.config)
    return generated(Limits.of(loaded.policies()), languages, loaded.timezone)


def _address(context: Context, chosen: argparse.Namespace) -> str:
    return str(chosen.url or context.environ.get("GRAFANA_URL") or DEFAULT_URL)


def _grafana(context: Context, chosen: argparse.Namespace) -> "Grafana":
    from dashboards.grafana import Grafana

    token = context.environ.get("GRAFANA_TOKEN", "")
    if not token:
        msg = (
            "cannot ask Grafana without a token: put that of a service account with the role "
            "Editor into the variable GRAFANA_TOKEN"
        )
        raise GrafanaFailed(msg)
    return Grafana(_address(context, chosen), token)


def _build(context: Context, chosen: argparse.Namespace) -> int:
    boards = _boards(context, chosen)
    try:
        for path, text in boards.items():
            place = chosen.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        for path in _surplus(chosen.folder, boards):
            path.unlink()
    except OSError as error:
        msg = f"cannot write boards to {chosen.folder}: {error.strerror}"
        raise PultFailure(msg) from error
    print(f"{counted(len(boards), 'board')} in {chosen.folder}")
    return 0


def _check(context: Context, chosen: argparse.Namespace) -> int:
    boards = _boards(context, chosen)
    if chosen.deployed:
        return _check_deployed(context, chosen, boards)
    folder: Path = chosen.folder
    if not folder.is_dir():
        msg = f"no folder {folder} here: run it in Pult's own folder, or name one with --folder"
        raise PultFailure(msg)
    missing = [path for path in boards if not (folder / path).is_file()]
    other = [
        path
        for path, text in boards.items()
        if path not in missing and _content(folder / path) != text.encode()
    ]
    surplus = [] if chosen.language else _surplus(folder, boards)
    for word, paths in (("missing", missing), ("differs", other), ("not ours", surplus)):
        for path in paths:
            print(f"{word}: {path}")
    wrong = len(missing) + len(other) + len(surplus)
    if wrong:
        msg = (
            f"{counted(wrong, f'board in {folder} is', f'boards in {folder} are')} not what "
            "this program makes; "
            f"write them anew: pult dashboards build --folder {folder}{_as_asked(chosen)}"
        )
        raise BoardsDiffer(msg)
    print(f"{counted(len(boards), 'board')} in {folder}, as this program makes them")
    return 0


def _as_asked(chosen: argparse.Namespace) -> str:
    """Return how to go on with boards of the kind that was asked for; there are two."""
    if chosen.from_settings:
        return " --from-settings"
    return "; if they were made --from-settings, check them so"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"cannot read the board {path}: {error.strerror}"
        raise PultFailure(msg) from error


def _check_deployed(
    context: Context, chosen: argparse.Namespace, boards: Mapping[Path, str]
) -> int:
    from dashboards.deployment import Outcome, compare

    wrong = 0
    for told in compare(_grafana(context, chosen), boards):
        if told.outcome is not Outcome.THERE:
            print(f"{told.outcome}: {told.uid}")
            wrong += 1
    if wrong:
        msg = (
            f"{counted(wrong, 'board in Grafana is', 'boards in Grafana are')} not what this "
            f"program makes; pult dashboards deploy{_as_asked(chosen)}"
        )
        raise BoardsDiffer(msg)
    print(f"{counted(len(boards), 'board')} in Grafana, as this program makes them")
    return 0


def _surplus(folder: Path, boards: Mapping[Path, str]) -> list[Path]:
    """Return boards of ours in the folder that we do not make any more."""
    found = folder.glob("*/*/pult-*.json")
    return sorted(path for path in found if path.relative_to(folder) not in boards)


def _deploy(context: Context, chosen: argparse.Namespace) -> int:
    from dashboards.deployment import Outcome, deploy

    counts: dict[str, int] = {}
    for told in deploy(_grafana(context, chosen), _boards(context, chosen)):
        counts[told.outcome] = counts.get(told.outcome, 0) + 1
        if told.why:
            print(f"{told.uid}: {told.why}", file=sys.stderr)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    failed = counts.get(Outcome.FAILED, 0)
    if failed:
        boards = counted(failed, "board is", "boards are")
        msg = f"{boards} not in Grafana as wanted; the lines above say why"
        raise GrafanaFailed(msg)
    return 0


def _annotate(context: Context, chosen: argparse.Namespace) -> int:
    from dashboards.deployment import annotate

    begin = _ms(context, chosen.from_at or datetime.now(UTC))
    end = _ms(context, chosen.to_at) if chosen.to_at else begin
    if end < begin:
        msg = f"cannot mark {chosen.text!r}: it is over before it begins; change --from or --to"
        raise PultFailure(msg)
    added = annotate(_grafana(context, chosen), chosen.text, chosen.kind, begin, end)
    print("marked" if added else "marked already")
    return 0


def _screens(context: Context, chosen: argparse.Namespace) -> int:
    from dashboards.deployment import screens

    teams: dict[str, list[str]] = {}
    for queue, policy in settings.load(context.config).policies().queues.items():
        if policy.team:
            teams.setdefault(policy.team, []).append(queue)
    for line in screens(_address(context, chosen), teams, chosen.language or LANGUAGES):
        print(line)
    return 0
