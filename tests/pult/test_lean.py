"""Parts that run for months load no library that they do not use."""

import subprocess
import sys

import pytest

DATABASE = {"chdb", "clickhouse_connect", "numpy", "pyarrow"}
WEB = {"aiohttp"}
KAFKA = {"aiokafka", "confluent_kafka", "faust"}


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("pult.processor", DATABASE),
        ("pult.adapter", DATABASE | {"aiokafka", "faust"}),
        ("pult.running", KAFKA),
        ("pult.sink", {"aiokafka", "chdb", "faust"}),
        ("pult.importing", KAFKA | WEB),
    ],
)
def test_a_part_does_without_what_others_need(module: str, unused: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    loaded = set(done.stdout.split())
    assert module in loaded
    assert not unused & loaded
