"""A board: panels in their places on Grafana's grid of 24 columns, variables, time, refresh."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    QueryVariable,
    TextBoxVariable,
    TimePicker,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.panels import PROM, Pen
from dashboards.places import place, uid

COLUMNS = 24

MARK = "pult"
"""Tag of our annotations."""

_REFRESHES = ["5s", "15s", "1m", "5m", "15m"]


class Canvas:
    """Takes the panels of one board, from top to bottom.

    Args:
        name: of the board, as in `places`.
        pen: that draws it.
        span: time that is shown at first, as in `now-30m`.
        refresh: how often Grafana asks again.
    """

    def __init__(self, name: str, pen: Pen, span: str, refresh: str) -> None:
        texts = pen.texts
        self._pen = pen
        self._panels: list[d.Panel] = []
        self._below = 0
        tags = ["pult", pen.language, *(["wall"] if place(name).wall else [])]
        self._board = (
            Dashboard(texts("boards", name))
            .uid(uid(name, pen.language))
            .description(texts("purposes", name))
            .tags(tags)
            .readonly()
            .time(span, "now")
            .timezone("browser")
            .refresh(refresh)
            .timepicker(TimePicker().refresh_intervals(_REFRESHES))
            .annotation(_marks(pen))
        )

    def variable(
        self,
        name: str,
        query: str,
        *,
        source: DataSourceRef = PROM,
        everything: str = ".+",
        several: bool = True,
    ) -> "Canvas":
        """Add what people choose from a list; at first all, or the first where one is wanted.

        Args:
            name: as in `$name`.
            query: that finds the list.
            source: of whom it is asked.
            everything: what stands for all in an expression.
            several: whether more than one may be chosen.
        """
        variable = (
            QueryVariable(name)
            .label(self._pen.texts("columns", name))
            .datasource(source)
            .query(query)
            .definition(query)
            .refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(d.VariableSort.ALPHABETICAL_ASC)
            .multi(several)
            .include_all(several)
        )
        if several:
            variable.all_value(everything)
            variable.current(d.VariableOption(text=["All"], value=["$__all"]))
        self._board.with_variable(variable)
        return self

    def choice(self, name: str, *words: str) -> "Canvas":
        """Add a list of a few words, of which one is chosen; at first the first."""
        options = [
            d.VariableOption(
                selected=word == words[0], text=self._pen.texts("words", word), value=word
            )
            for word in words
        ]
        listed = ", ".join(f"{self._pen.texts('words', word)} : {word}" for word in words)
        self._board.with_variable(
            CustomVariable(name)
            .label(self._pen.texts("columns", name))
            .values(listed)
            .options(options)
            .current(options[0])
        )
        return self

    def entry(self, name: str, first: str = "") -> "Canvas":
        """Add a word that people write."""
        self._board.with_variable(
            TextBoxVariable(name)
            .label(self._pen.texts("columns", name))
            .default_value(first)
            .current(d.VariableOption(text=first, value=first))
        )
        return self

    def at(self, x: int, y: int, width: int, height: int, panel: Builder[d.Panel]) -> "Canvas":
        """Put a panel at a place."""
        drawn = panel.build()
        drawn.grid_pos = d.GridPos(x=x, y=y, w=width, h=height)
        drawn.id_val = len(self._panels) + 1
        self._panels.append(drawn)
        self._below = max(self._below, y + height)
        return self

    def row(self, height: int, *panels: tuple[int, Builder[d.Panel]]) -> "Canvas":
        """Put panels side by side below all others, each with its width."""
        x, y = 0, self._below
        for width, panel in panels:
            self.at(x, y, width, height, panel)
            x += width
        return self

    def annotation(self, annotation: Builder[d.AnnotationQuery]) -> "Canvas":
        """Add marks on the time axis."""
        self._board.annotation(annotation)
        return self

    def link(self, link: Builder[d.DashboardLink]) -> "Canvas":
        """Add a link at the top."""
        self._board.link(link)
        return self

    def done(self) -> d.Dashboard:
        """Return the board."""
        board = self._board.build()
        panels: Sequence[Any] = self._panels
        board.panels = list(panels)
        return board


class _Marks(Builder[UnknownDataquery]):
    """What `pult dashboards annotate` has put into Grafana: the SDK knows no such query."""

    def build(self) -> UnknownDataquery:
        return UnknownDataquery({
            "limit": 100, "matchAny": True, "tags": [MARK], "type": "tags", "refId": "Marks",
        })  # fmt: skip


def _marks(pen: Pen) -> Builder[d.AnnotationQuery]:
    return (
        AnnotationQuery()
        .name(pen.texts("words", "marks"))
        .datasource(DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .enable(True)
        .icon_color("blue")
        .target(_Marks())
    )


def filters(canvas: Canvas, *names: str) -> Canvas:
    """Add lists of tenants, and of queues and teams where named, as live figures know them."""
    # In one process there is no label of a tenant: all means any, or none.
    canvas.variable("tenant", f"label_values({_KNOWN['tenant']}, tenant)", everything=".*")
    for name in names:
        found = f'label_values({_KNOWN[name]}{{tenant=~"$tenant|"}}, {name})'
        canvas.variable(name, found, everything=".*" if name == "team" else ".+")
    return canvas


_KNOWN = {"tenant": "cc_queue_waiting", "queue": "cc_queue_waiting", "team": "cc_agents"}
