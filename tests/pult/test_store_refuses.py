"""`pult run` whose store refuses for long: what it says, and that nothing of it is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab_cut import Cut
from tests.pult.both_feeds import RATE, Expected, both, config, found, of_both
from tests.pult.command import SECONDS, wait_for
from tests.pult.recorded import Recorded

__all__ = ["config", "of_both"]


@contextmanager
def refusing(data: Path) -> Iterator[None]:
    """Let the engine find a file where its tables should be."""
    tables, aside = data / "store" / "store", data / "store" / "aside"
    tables.rename(aside)
    tables.touch()
    try:
        yield
    finally:
        tables.unlink()
        aside.rename(tables)


def test_a_store_that_refuses_for_long_stops_the_figures_and_loses_nothing(
    cut: Cut, config: Path, of_both: Expected, tmp_path: Path
) -> None:
    run = Recorded(tmp_path / "data", config, RATE, *both(cut))

    def why() -> str:
        return run.page("/readyz")[1]

    with run.started(*run.recordings, "pbx2=small:") as process:
        wait_for(lambda: run.metric("pult_store_flushes_total") > 0, 20, "a flush")
        with refusing(run.data):
            wait_for(lambda: "cannot write" in why(), 30, "a refusal")
            wait_for(lambda: "the figures stand still" in why(), 30, "too many rows")
            reason = why()
            told = [Path(f"{run.data}.told{number}") for number in range(2)]
            wait_for(lambda: all(each.exists() for each in told), 30, "all is kept")
            applied = run.metric("pult_frames_applied_total")
            behind, waiting = (
                run.metric(f"pult_{each}")
                for each in ("journal_backlog_frames", "store_backlog_rows")
            )
            picture = run.picture()
            assert run.page("/healthz")[0] == 200
            assert run.metric("pult_frames_applied_total") == applied
        wait_for(lambda: "stand still" not in why(), SECONDS, "a store that takes rows")
        run.wait_until_told()
        wait_for(lambda: run.metric("pult_store_backlog_rows") == 0, SECONDS, "stored")
        healed = run.picture(), why(), run.metric("pult_store_flush_errors_total")
        run.end(process)

    assert reason.startswith("cannot write")
    assert "is silent" not in reason
    assert waiting > 500
    assert behind > 0
    assert {each["source"]: each["silent"] for each in picture["sources"]} == {"pbx1": True}
    assert {each["source"]: each["silent"] for each in healed[0]["sources"]} == {"pbx1": False}
    assert healed[1] == "pbx2 is silent\n"
    assert healed[2] > 0
    assert run.said.count("it is kept in memory and tried again") == 1
    assert "the store and the disk take what comes again" in run.said
    assert found(run.data) == of_both
