"""Which boards there are, and where in Grafana each has its place; ids that never change.

No folder shares its uid with a board: Grafana keeps both in one table, and such a board would
never appear.
"""

from dataclasses import dataclass

LANGUAGES = ("en", "ru", "zh")

PROMETHEUS = "prometheus"
CLICKHOUSE = "clickhouse"
"""Uids of the data sources."""

FOLDERS = ("walls", "desk", "management", "operation")
"""Each with permissions of its own: walls name nobody, the desk does."""


@dataclass(frozen=True, slots=True)
class Place:
    """A board's own name, its folder, and whether it hangs on a wall where nobody can click."""

    name: str
    folder: str
    wall: bool = False


PLACES = (
    Place("home", "walls"),
    Place("floor", "walls", wall=True),
    Place("supervisor", "desk", wall=True),
    Place("queue", "desk"),
    Place("agent", "desk"),
    Place("discipline", "desk"),
    Place("call", "desk"),
    Place("crm", "desk"),
    Place("management", "management"),
    Place("pipeline", "operation"),
)


def place(name: str) -> Place:
    """Return the place of a board."""
    return next(each for each in PLACES if each.name == name)


def uid(name: str, language: str) -> str:
    """Return the uid of a board."""
    return f"pult-{place(name).name}-{language}"


def folder_uid(folder: str, language: str) -> str:
    """Return the uid of a folder."""
    return f"f-pult-{FOLDERS[FOLDERS.index(folder)]}-{language}"
