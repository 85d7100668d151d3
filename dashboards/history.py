"""Panels of the history: questions in SQL, each a file in queries/, with Grafana's macros."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import barchart, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions, StackingConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    BarAlignment,
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    StackingMode,
    VisibilityMode,
)

from dashboards.panels import NO_DATA, Pen, Scale, Shown
from dashboards.places import CLICKHOUSE

Figure: TypeAlias = stat.Panel
Course: TypeAlias = timeseries.Panel
Rows: TypeAlias = table.Panel
Lengths: TypeAlias = barchart.Panel

HISTORY = DataSourceRef(type_val="grafana-clickhouse-datasource", uid=CLICKHOUSE)
PLUGIN = "4.20.0"
"""Version of the plugin that our questions are written for: it migrates older ones."""

SERIES, TABLE = 0, 1
"""How the plugin returns rows: by time with text as labels, or as they are."""

OCCUPIED = (
    "(sum(talking_ms) + sum(holding_ms) + sum(after_ms)) / nullIf(sum(talking_ms) "
    "+ sum(holding_ms) + sum(after_ms) + sum(ready_ms) + sum(reserved_ms), 0)"
)
"""Occupancy of several rows of `agent_report`."""

MILLISECONDS, SECONDS = "dtdurationms", units.DurationInHoursMinutesSeconds


class Question(Builder[UnknownDataquery]):
    """A question to ClickHouse; the SDK knows none.

    Args:
        sql: one statement, with macros and variables.
        form: SERIES or TABLE.
    """

    def __init__(self, sql: str, form: int) -> None:
        self._sql = sql
        self._form = form

    def build(self) -> UnknownDataquery:
        """Return it as it stands in a panel."""
        return UnknownDataquery({
            "datasource": {"type": HISTORY.type_val, "uid": HISTORY.uid},
            "editorType": "sql",
            "format": self._form,
            "pluginVersion": PLUGIN,
            "queryType": ("timeseries", "table")[self._form],
            "rawSql": self._sql,
            "refId": "A",
        })  # fmt: skip


_AS_TEXT = "formatDateTime({}, '%FT%TZ', 'UTC')"
_LENGTH = "toIntervalSecond(dateDiff('second', $__fromTime, $__toTime))"
_FROM, _TO, _BEFORE = map(
    _AS_TEXT.format, ("$__fromTime", "$__toTime", f"$__fromTime - {_LENGTH}")
)
_STRETCHES = {
    "shown": f"since = {_FROM}, until = {_TO}",
    "before": f"since = {_BEFORE}, until = {_FROM}",
}
"""Parameters of reports: the shown time, and the one before."""


def sql(name: str, **parts: str) -> str:
    """Return a question of queries/ without its comment: macros are filled in there, too.

    Args:
        name: of the file.
        parts: what stands for {names} in it, besides the stretches of time of reports.
    """
    text = (files("dashboards") / "queries" / f"{name}.sql").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    statement = "\n".join(lines).strip()
    for part, value in {**parts, **_STRETCHES}.items():
        statement = statement.replace(f"{{{part}}}", value)
    return statement


def figure(
    pen: Pen, shown: Shown, scale: Scale, statement: str, *, compared: bool = False
) -> stat.Panel:
    """Return one number of the shown time.

    Args:
        pen: draws it.
        shown: what it is.
        scale: its colours.
        statement: one row; or two by time, where it is compared with the time before.
        compared: whether the change is shown.
    """
    panel = (
        stat.Panel()
        .title(pen.texts("titles", shown.key))
        .description(pen.texts.about(shown.key, shown.metric))
        .datasource(HISTORY)
        .unit(shown.written)
        .decimals(shown.decimals)
        .mappings(pen.mappings(shown.words))
        .no_value(pen.texts("words", "no_data"))
        .thresholds(pen.scale(scale))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .with_target(Question(statement, SERIES if compared else TABLE))
    )
    return panel.show_percent_change(True) if compared else panel


def course(
    pen: Pen,
    shown: Shown,
    statement: str,
    *,
    names: Mapping[str, str] | None = None,
    label: str = "",
    section: str = "",
    scale: Scale = ((None, NO_DATA),),
    bars: bool = False,
) -> timeseries.Panel:
    """Return curves or bars over time.

    Args:
        pen: draws it.
        shown: what it is.
        statement: rows by time, ascending; a text column makes a curve of each of its words.
        names: what each number is called, by column.
        label: the text column, whose words name the curves.
        section: of the catalogue, which has these words in the language.
        scale: limits, shown as lines.
        bars: whether amounts of stretches of time are shown, and no curves.
    """
    panel = pen.over_time(shown, scale).datasource(HISTORY)
    panel.with_target(Question(statement, SERIES))
    if bars:
        panel.draw_style(GraphDrawStyle.BARS).fill_opacity(60).line_width(0)
        # From its instant on, so that the first one is seen that began before what is shown.
        panel.bar_alignment(BarAlignment.AFTER)
        # What a label tells apart are parts of one whole; columns may be parts of one another.
        whole = StackingMode.NORMAL if label else StackingMode.NONE
        panel.stacking(StackingConfig().mode(whole))
    else:
        # Quarters of an hour without calls are no zeros.
        panel.span_nulls(3_600_000)
    if label:
        panel.display_name(f"${{__field.labels.{label}}}")
    spoken = pen.texts.all(section) if section else {}
    for column, name in {**(names or {}), **spoken}.items():
        panel.override_by_name(column, [d.DynamicConfigValue(id_val="displayName", value=name)])
    return panel


def as_line(panel: Course, column: str) -> Course:
    """Let one number among bars be a line."""
    line = {"custom.drawStyle": "line", "custom.lineWidth": 2, "custom.fillOpacity": 0}
    return panel.override_by_name(
        column, [d.DynamicConfigValue(id_val=name, value=value) for name, value in line.items()]
    )


def lengths(pen: Pen, shown: Shown, statement: str, names: Mapping[str, str]) -> barchart.Panel:
    """Return a bar for each number of each row, whose first column is a text.

    Args:
        pen: draws it.
        shown: what it is.
        statement: its rows, in the order from left to right.
        names: what each number is called, by column.
    """
    panel = (
        barchart.Panel()
        .title(pen.texts("titles", shown.key))
        .description(pen.texts.about(shown.key, shown.metric))
        .datasource(HISTORY)
        .unit(shown.written)
        .min(0)
        .no_value(pen.texts("words", "no_data"))
        .thresholds(pen.scale([(None, NO_DATA)]))
        .show_value(VisibilityMode.NEVER)
        .legend(pen.legend())
        .with_target(Question(statement, TABLE))
    )
    for column, name in names.items():
        panel.override_by_name(column, [d.DynamicConfigValue(id_val="displayName", value=name)])
    return panel


def rows(
    pen: Pen, shown: Shown, statement: str, columns: Mapping[str, Sequence[tuple[str, Any]]]
) -> table.Panel:
    """Return a table.

    Args:
        pen: draws it.
        shown: what it is.
        statement: its rows.
        columns: of the statement, each with properties of its own; all are named.
    """
    panel = (
        table.Panel()
        .title(pen.texts("titles", shown.key))
        .description(pen.texts.about(shown.key, shown.metric))
        .datasource(HISTORY)
        .unit(units.NoUnit)
        .no_value(pen.texts("words", "no_rows"))
        .thresholds(pen.scale([(None, "text"), (0, "text")]))
        .with_target(Question(statement, TABLE))
        .override_by_regexp(".*", [d.DynamicConfigValue(id_val="noValue", value="-")])
    )
    for column, properties in columns.items():
        told = [
            ("displayName", pen.texts("columns", column)),
            *_UNITS_OF.get(column[-3:], ()),
            *properties,
        ]
        panel.override_by_name(
            column, [d.DynamicConfigValue(id_val=name, value=value) for name, value in told]
        )
    return panel


_UNITS_OF = {"_ms": (("unit", MILLISECONDS),)}


def words(pen: Pen, section: str) -> tuple[str, Any]:
    """Return the property that shows words of a closed list in the language."""
    texts = pen.texts.all(section)
    options = {
        word: {"text": text, "index": place} for place, (word, text) in enumerate(texts.items())
    }
    return "mappings", [{"type": "value", "options": options}]


def leads(pen: Pen, board: str, variable: str) -> tuple[str, Any]:
    """Return the property that makes a cell lead to a board."""
    return "links", [pen.led(board, f"var-{variable}=${{__value.raw}}")]


def share(pen: Pen, scale: Scale) -> tuple[tuple[str, Any], ...]:
    """Return the properties of a column of shares of one, coloured by a scale."""
    return (
        ("unit", units.PercentUnit),
        ("decimals", 1),
        ("thresholds", pen.scale(scale).build()),
        ("custom.cellOptions", {"type": "color-text"}),
    )


def states(pen: Pen, shown: Shown, statement: str) -> statetimeline.Panel:
    """Return the states of one agent as a band over time."""
    return (
        statetimeline.Panel()
        .title(pen.texts("titles", shown.key))
        .description(pen.texts.about(shown.key, shown.metric))
        .datasource(HISTORY)
        .unit(units.NoUnit)
        .no_value(pen.texts("words", "no_data"))
        .thresholds(pen.scale([(None, NO_DATA), (0, "text")]))
        .mappings(_coloured(pen))
        .merge_values(True)
        .with_target(Question(statement, TABLE))
    )


_COLOURS = {
    "ready": "green", "reserved": "light-blue", "talking": "blue", "holding": "dark-blue",
    "wrapup": "orange", "not_ready": "yellow", "offline": "transparent",
}  # fmt: skip


def _coloured(pen: Pen) -> list[Any]:
    texts = {**pen.texts.all("states"), "offline": pen.texts("words", "offline")}
    return [
        d.ValueMap(
            options={
                state: d.ValueMappingResult(text=texts[state], color=color, index=place)
                for place, (state, color) in enumerate(_COLOURS.items())
            }
        )
    ]
