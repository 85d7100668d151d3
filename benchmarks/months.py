"""Two months of two million calls, made up in SQL: what reports and boards are timed on.

A call each 1.3 s of the twelve open hours of each day, 40 queues, 300 agents; one contact in
ten goes on to a second queue, one call in seven is abandoned, the last ten of the history
still wait. Everything follows from the number of the call, so two runs make the same history.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from clickhouse_connect.driver.client import Client

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 60
END = BEGIN + timedelta(days=DAYS)
CALLS_A_DAY = 33_334
QUEUES, AGENTS = 40, 300


def fill(client: Client) -> None:
    """Fill an empty store with the history, a day at a time."""
    calls, *tables = Path(__file__).with_suffix(".sql").read_text("utf-8").split(";\n")
    known = {
        "a_day": CALLS_A_DAY, "begin": int(BEGIN.timestamp() * 1000), "days": DAYS,
        "queues": QUEUES, "agents": AGENTS,
    }  # fmt: skip
    for day in range(DAYS):
        of_day = calls.format(**known, day=day)
        for text in tables:
            # A visit is told as it begins, and once it is over.
            for over in ("false", "true") if "{over}" in text else ("",):
                client.command(text.format(**known, calls=of_day, over=over))
