"""The metric dictionary: every number once, and nothing left unsaid."""

from dataclasses import asdict

from schemas.metrics import METRICS, as_markdown


def test_every_metric_is_defined_once() -> None:
    names = [metric.name for metric in METRICS]

    assert sorted(names) == sorted(set(names))


def test_no_definition_leaves_anything_empty() -> None:
    gaps = [
        (metric.name, field)
        for metric in METRICS
        for field, value in asdict(metric).items()
        if not value
    ]

    assert gaps == []


def test_a_ratio_without_anything_to_count_has_no_value() -> None:
    ratios = [metric for metric in METRICS if metric.unit == "ratio"]

    assert [metric.name for metric in ratios if not metric.empty.startswith("no value")] == []


def test_the_page_has_a_section_for_each() -> None:
    page = as_markdown()

    assert [m.name for m in METRICS if f"\n## {m.name} [{m.unit}]\n" not in page] == []
