"""Panels in one language: the few kinds that boards are made of, loud where data is missing.

The first step of a scale, the one without a value, is the colour of "no data" and of nothing
else; real values begin at a step of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    VizLegendOptions,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery as Prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VizOrientation,
)

from dashboards.limits import Limits
from dashboards.places import PROMETHEUS, uid
from dashboards.texts import Texts
from schemas.metrics import Metric

Scale: TypeAlias = Sequence[tuple[float | None, str]]
"""From which value on which colour; the first, without a value, where there is no data."""

NO_DATA, BAD, WORSE = "purple", "yellow", "red"
QUIET = "transparent"
"""Neutral where the background is coloured; in the mode `value` it would hide the number."""

PLAIN = "text"
"""Neutral where the number is coloured; as a background it would be the brightest tile."""

UNITS: Mapping[str, str] = {
    "ratio": units.PercentUnit,
    "seconds": units.DurationInHoursMinutesSeconds,
    "milliseconds": units.DurationMilliseconds,
    "count": units.NoUnit,
    "timestamp": "time:HH:mm:ss",
}
"""How Grafana writes each unit of the dictionary; counts never as 1.2 K."""

NOTHING = -1.0
"""What an expression gives where there is nothing to measure although data is fresh."""

PROM = DataSourceRef(type_val="prometheus", uid=PROMETHEUS)
LINK_TIME = "${__url_time_range}"
LINK_FILTERS = "${tenant:queryparam}&${queue:queryparam}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a panel shows: its key in the catalogue, its number, its unit and its words.

    Args:
        key: of title and text.
        metric: definition of the number, None for our own health.
        unit: of Grafana; that of the number unless named.
        words: texts in the place of values, by key of the section `words`.
        link: board to which a click leads, and what is handed to it.
        decimals: places after the point.
    """

    key: str
    metric: Metric | None = None
    unit: str = ""
    words: Mapping[float, str] | None = None
    link: tuple[str, str] | None = None
    decimals: int = 0

    @property
    def written(self) -> str:
        """The unit as Grafana names it."""
        return self.unit or (UNITS[self.metric.unit] if self.metric else units.NoUnit)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws panels in one language.

    Args:
        texts: the language.
        limits: where figures begin to be bad.
        zone: time zone whose days are shown at first.
    """

    texts: Texts
    limits: Limits
    zone: str = "UTC"

    @property
    def language(self) -> str:
        """Language of what is drawn."""
        return self.texts.language

    def link(self, board: str, handed: str) -> Builder[d.DashboardLink]:
        """Return a link to another board of the same language."""
        told = self.led(board, handed)
        return DashboardLink(told["title"]).url(told["url"])

    def led(self, board: str, handed: str) -> dict[str, str]:
        """Return the same link as it stands among properties of some fields only."""
        address = f"/d/{uid(board, self.language)}?{handed}&{LINK_TIME}"
        return {"title": self.texts("boards", board), "url": address}

    def scale(self, scale: Scale) -> ThresholdsConfig:
        """Return a scale as Grafana knows it."""
        steps = [d.Threshold(value=value, color=color) for value, color in scale]
        return ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(steps)

    def mappings(self, words: Mapping[float, str] | None) -> list[Any]:
        """Return texts for values: those named, and for what is no number."""
        told = {
            f"{value:g}": d.ValueMappingResult(text=self.texts("words", key), index=place)
            for place, (value, key) in enumerate((words or {}).items())
        }
        none = d.DashboardSpecialValueMapOptions(
            match=d.SpecialValueMatch.NULL_AND_NAN,
            result=d.ValueMappingResult(
                text=self.texts("words", "no_data"), color=NO_DATA, index=len(told)
            ),
        )
        return [*([d.ValueMap(options=told)] if told else []), d.SpecialValueMap(options=none)]

    def tile(
        self, shown: Shown, scale: Scale, *queries: tuple[str, str], named: bool = False
    ) -> stat.Panel:
        """Return one big number, asked of this instant, its background coloured.

        Args:
            shown: what it is.
            scale: its colours.
            queries: expressions of Prometheus with the name of what they give.
            named: whether the name stands above the number.
        """
        panel = (
            stat.Panel()
            .title(self.texts("titles", shown.key))
            .description(self.texts.about(shown.key, shown.metric))
            .datasource(PROM)
            .unit(shown.written)
            .decimals(shown.decimals)
            .mappings(self.mappings(shown.words))
            .no_value(self.texts("words", "no_data"))
            .thresholds(self.scale(scale))
            .color_mode(BigValueColorMode.BACKGROUND_SOLID)
            .graph_mode(BigValueGraphMode.NONE)
            .text_mode(BigValueTextMode.VALUE_AND_NAME if named else BigValueTextMode.VALUE)
            .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        )
        if shown.link:
            panel.data_links([self.link(*shown.link)])
        for place, (expression, name) in enumerate(queries):
            panel.with_target(instant(expression, name, place))
        return panel

    def bars(self, shown: Shown, scale: Scale, expression: str, name: str) -> bargauge.Panel:
        """Return a bar for each thing, of this instant, in the order of the expression."""
        panel = (
            bargauge.Panel()
            .title(self.texts("titles", shown.key))
            .description(self.texts.about(shown.key, shown.metric))
            .datasource(PROM)
            .unit(shown.written)
            .decimals(shown.decimals)
            .min(0)
            .mappings(self.mappings(shown.words))
            .no_value(self.texts("words", "no_data"))
            .thresholds(self.scale(scale))
            .display_mode(BarGaugeDisplayMode.BASIC)
            .orientation(VizOrientation.HORIZONTAL)
            .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
            .with_target(instant(expression, name, 0))
        )
        if shown.written == units.PercentUnit:
            panel.max(1)
        if shown.link:
            panel.data_links([self.link(*shown.link)])
        return panel

    def lines(
        self, shown: Shown, *queries: tuple[str, str], scale: Scale = ((None, NO_DATA),)
    ) -> timeseries.Panel:
        """Return curves over time; limits of the scale are lines."""
        panel = self.over_time(shown, scale).datasource(PROM)
        for place, (expression, name) in enumerate(queries):
            ref = chr(ord("A") + place)
            panel.with_target(
                Prometheus().expr(expression).range().legend_format(name).ref_id(ref)
            )
        return panel

    def legend(self) -> VizLegendOptions:
        """Return the names of curves or bars in a line below them."""
        return (
            VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .calcs([])
        )

    def over_time(self, shown: Shown, scale: Scale) -> timeseries.Panel:
        """Return a panel of curves that is asked nothing yet."""
        style = (
            GraphThresholdsStyleMode.LINE if len(scale) > 1 else GraphThresholdsStyleMode.OFF
        )
        panel = (
            timeseries.Panel()
            .title(self.texts("titles", shown.key))
            .description(self.texts.about(shown.key, shown.metric))
            .unit(shown.written)
            .min(0)
            .no_value(self.texts("words", "no_data"))
            .thresholds(self.scale(scale))
            .thresholds_style(GraphThresholdsStyleConfig().mode(style))
            .legend(self.legend())
            .draw_style(GraphDrawStyle.LINE)
            .line_width(2)
            .fill_opacity(5)
        )
        if shown.link:
            panel.data_links([self.link(*shown.link)])
        return panel


def instant(expression: str, name: str, place: int) -> Prometheus:
    """Return a question about this instant: a range would show the last value for minutes."""
    ref = chr(ord("A") + place)
    return Prometheus().expr(expression).instant().legend_format(name).ref_id(ref)
