"""Tables of what fires: what, whose, for how long; or that all is clear, and known to be."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.builders.prometheus import Dataquery as Prometheus
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    TableCellBackgroundDisplayMode,
    TableColoredBackgroundCellOptions,
    TableColorTextCellOptions,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import BAD, PLAIN, PROM, WORSE, Pen

_GOOD = "green"
_COLOURS = {"critical": WORSE, "warning": BAD}

Property = d.DynamicConfigValue


def exceptions(pen: Pen, key: str, expression: str, columns: Sequence[str]) -> table.Panel:
    """Return the table of an expression that `promql.firing` made.

    Args:
        pen: draws it.
        key: of title and text.
        expression: one row for each alert, its value for how long [s].
        columns: labels in the order in which they are shown; `alertname` and `severity` first.
    """
    names = {each: pen.texts("columns", each) for each in columns}
    lasting = pen.texts("columns", "lasting")
    order = [*columns[:2], "Value", *columns[2:]]
    panel = (
        table.Panel()
        .title(pen.texts("titles", key))
        .description(pen.texts.about(key, None))
        .datasource(PROM)
        .unit(units.DurationInHoursMinutesSeconds)
        .no_value(pen.texts("words", "no_data"))
        .thresholds(pen.scale([(None, PLAIN), (0, PLAIN)]))
        .with_target(
            Prometheus().expr(expression).instant().format(PromQueryFormat.TABLE).ref_id("A")
        )
        .with_transformation(
            d.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": {name: place for place, name in enumerate(order)},
                    "renameByName": {**names, "Value": lasting},
                },
            )
        )
        .sort_by([
            TableSortByFieldState().display_name(names["severity"]).desc(False),
            TableSortByFieldState().display_name(lasting).desc(True),
        ])
        # Cells without a word are no missing data: the text of the panel would fill them, too.
        .override_by_regexp(".*", [Property(id_val="noValue", value="-")])
        .override_by_name(lasting, [_mapped({"-1": {"text": "-"}})])
        .override_by_name(names["alertname"], _alert(pen))
        .override_by_name(names["severity"], _severity(pen))
    )  # fmt: skip
    for column, board in (("queue", "queue"), ("agent", "agent"), ("code", "discipline")):
        if column in columns:
            panel.override_by_name(names[column], _led(pen, column, board))
    return panel


def _alert(pen: Pen) -> list[Property]:
    texts = {name: {"text": text} for name, text in pen.texts.all("alerts").items()}
    clear = {"AllClear": {"text": pen.texts("words", "all_clear"), "color": _GOOD}}
    cell = TableColorTextCellOptions()
    return [_mapped({**texts, **clear}), Property(id_val="custom.cellOptions", value=cell)]


def _severity(pen: Pen) -> list[Property]:
    mapping = {
        name: {"text": pen.texts("words", name), "color": color}
        for name, color in _COLOURS.items()
    }
    cell = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)
    return [
        _mapped(mapping),
        Property(id_val="custom.cellOptions", value=cell),
        Property(id_val="custom.width", value=140),
    ]


def _led(pen: Pen, column: str, board: str) -> list[Property]:
    """Return the properties of a column whose cells lead to a board, and speak the language."""
    links = [pen.led(board, f"var-{column}=${{__value.raw}}")]
    found = [Property(id_val="links", value=links)]
    if column == "code":
        codes = {code: {"text": text} for code, text in pen.texts.all("codes").items()}
        found.append(_mapped(codes))
    return found


def _mapped(options: Mapping[str, Mapping[str, str]]) -> Property:
    told: dict[str, Any] = {
        value: {**result, "index": place}
        for place, (value, result) in enumerate(options.items())
    }
    return Property(id_val="mappings", value=[{"type": "value", "options": told}])
