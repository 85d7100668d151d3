"""`pult dashboards`: Grafana's boards, made from code."""

import argparse
from pathlib import Path

from pult.context import Context
from schemas.errors import BoardsDiffer, PultFailure

DEFAULT_FOLDER = Path("dashboards/generated")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="write the boards, a file for each")
    check = actions.add_parser("check", help="compare files with what build would write")
    for each in (build, check):
        each.add_argument(
            "--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR",
            help=f"where the files are (default {DEFAULT_FOLDER})",
        )  # fmt: skip
        each.add_argument(
            "--from-settings", action="store_true",
            help="colours by the targets of the settings, not by 80 %% within 20 s",
        )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    if chosen.action == "build":
        return _build(context, chosen)
    return _check(context, chosen)


def _boards(context: Context, chosen: argparse.Namespace) -> dict[Path, str]:
    from dashboards.generate import generated
    from dashboards.limits import Limits
    from pult import settings

    if not chosen.from_settings:
        return dict(generated())
    return dict(generated(Limits.of(settings.load(context.config).policies(""))))


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
    print(f"{len(boards)} boards in {chosen.folder}")
    return 0


def _check(context: Context, chosen: argparse.Namespace) -> int:
    boards = _boards(context, chosen)
    folder: Path = chosen.folder
    missing = [path for path in boards if not (folder / path).is_file()]
    other = [
        path
        for path, text in boards.items()
        if path not in missing and (folder / path).read_text("utf-8") != text
    ]
    surplus = [path.relative_to(folder) for path in _surplus(folder, boards)]
    for word, paths in (("missing", missing), ("differs", other), ("not ours", surplus)):
        for path in paths:
            print(f"{word}: {path}")
    wrong = len(missing) + len(other) + len(surplus)
    if wrong:
        msg = (
            f"{wrong} boards in {folder} are not what this program makes; "
            f"write them anew: pult dashboards build --folder {folder}"
        )
        raise BoardsDiffer(msg)
    print(f"{len(boards)} boards in {folder} are what this program makes")
    return 0


def _surplus(folder: Path, boards: dict[Path, str]) -> list[Path]:
    """Return boards of ours in the folder that we do not make any more."""
    found = folder.glob("*/*/pult-*.json")
    return sorted(path for path in found if path.relative_to(folder) not in boards)
