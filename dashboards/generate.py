"""All boards as Grafana's classic JSON: the same input gives the same bytes."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as d

from dashboards.limits import Limits
from dashboards.panels import Pen
from dashboards.places import LANGUAGES, PLACES, uid
from dashboards.texts import Texts


def texts(language: str, limits: Limits) -> Texts:
    """Return the catalogue of a language with the limits that it names."""
    return Texts(
        language,
        {
            "target": f"{limits.target * 100:g} %",
            "within": f"{limits.answer_within:g}",
            "fresh": f"{limits.fresh:g}",
            "lost": f"{limits.lost * 100:g} %",
        },
    )


def board(name: str, pen: Pen) -> d.Dashboard:
    """Return one board."""
    made: d.Dashboard = import_module(f"dashboards.boards.{name}").board(pen)
    return made


def as_json(made: d.Dashboard) -> str:
    """Return a board as the text of its file."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return encoder.encode(made) + "\n"


def generated(
    limits: Limits | None = None, languages: tuple[str, ...] = LANGUAGES, zone: str = "UTC"
) -> Mapping[Path, str]:
    """Return the text of each board by its file: language, folder, uid.

    Args:
        limits: where figures begin to be bad.
        languages: in which boards are made.
        zone: time zone whose days are shown until somebody writes another one.
    """
    wanted = limits or Limits()
    pens = [Pen(texts(language, wanted), wanted, zone) for language in languages]
    return dict(each for pen in pens for each in _all(pen))


def _all(pen: Pen) -> Iterator[tuple[Path, str]]:
    for place in PLACES:
        path = Path(pen.language, place.folder, f"{uid(place.name, pen.language)}.json")
        yield path, as_json(board(place.name, pen))
