"""How long the boards' questions take of two million calls: `python -m benchmarks.boards`.

Each question of a board over the last 30 days of `benchmarks.months` (a million calls), one
after the other, the least of some rounds, by the clock and in CPU time; then what a person
waits for: one contact in order, answers of customers. The data are made once in a folder of
one's choice, else in one that is thrown away. With --empty the reports are asked of a history
without a row: what the engine takes to plan them.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.months import BEGIN, DAYS, END, fill
from sql.embedded import EmbeddedStore
from tests.dashboards.boards import CLICKHOUSE, questions
from tests.oracles.grafana_macros import expanded

_ALL = ("$__all",)
_CHOSEN = {
    "tenant": _ALL, "queue": _ALL, "team": _ALL, "code": _ALL, "agent": ("agent7",),
    "grain": ("day",), "zone": ("Europe/Moscow",), "answer_within": ("20",),
    "short_abandon": ("5",), "interaction": (f"{int(BEGIN.timestamp())}.1500008",),
}  # fmt: skip
_CONTACT = f"'{int(BEGIN.timestamp())}.1500008'"
_ASKED = {
    "call_chain": f"SELECT * FROM call_chain(interaction_id = {_CONTACT})",
    "surveys": "SELECT count(), countIf(holds), uniqExact(leg_id) FROM surveys",
    "case_steps": "SELECT count(), uniqExact(leg_id) FROM case_steps",
    "a report of nothing": "SELECT * FROM queue_report(since = '2025-01-01', "
    "until = '2025-01-02', zone = 'UTC', step = 'day')",
}
_DAYS = "since = '2026-03-01', until = '2026-03-03'"
_ZONE = f"{_DAYS}, zone = 'Europe/Moscow'"
_STEP = f"{_ZONE}, step = '1 hour'"
_REPORTS = {
    "agent_report": _STEP, "queue_report": _STEP, "breaks_report": _STEP,
    "violations_by": _STEP, "repeats_report": f"{_STEP}, days = '7'",
    "service_levels": f"{_STEP}, answer_within = '', short_abandon = ''",
    "satisfaction": _ZONE, "card_filling": _ZONE, "disposition_report": _ZONE,
    "adherence": _DAYS, "call_chain": "interaction_id = '1'",
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="management", help="which board (management)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the least counts (3)")
    parser.add_argument("--folder", type=Path, help="with the data; filled if it is empty")
    parser.add_argument("--empty", action="store_true", help="the reports, without a row")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(chosen.folder or Path(folder) / "store")
        if chosen.empty:
            asked = {name: f"SELECT * FROM {name}({given})" for name, given in _REPORTS.items()}
        else:
            if store.query("SELECT count() FROM legs") == b"0\n":
                fill(store.client)
            asked = {**dict(_of_board(chosen.board)), **_ASKED}
        for name, text in asked.items():
            took = [_seconds(store, text) for _ in range(chosen.rounds)]
            clock, cpu = map(min, zip(*took, strict=True))
            print(f"{clock:6.2f} s  {cpu:6.2f} s of CPU  {name}", flush=True)
        store.close()


def _of_board(board: str) -> Iterator[tuple[str, str]]:
    for question in questions(CLICKHOUSE):
        if question.board == f"pult-{board}-en":
            text = question.target["rawSql"]
            yield (
                question.panel["title"],
                expanded(text, _CHOSEN, END - timedelta(days=DAYS // 2), END),
            )


def _seconds(store: EmbeddedStore, text: str) -> tuple[float, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    store.query(text)
    return time.perf_counter() - clock, time.process_time() - cpu


if __name__ == "__main__":
    main()
