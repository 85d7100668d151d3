"""Pages made from the program say what the program says."""

import json
import shutil
from pathlib import Path

import pytest

from producers.asterisk import queue_log_translate, translate
from tests.docs.generated import DOCS, RENEW, main, pages


@pytest.mark.parametrize("place", sorted(pages()), ids=str)
def test_a_generated_page_is_as_the_program_would_write_it(place: Path) -> None:
    page = DOCS / place

    assert page.exists(), RENEW
    assert page.read_text("utf-8") == pages()[place], RENEW


def test_no_schema_is_left_of_a_type_that_is_gone() -> None:
    found = {path.relative_to(DOCS) for path in (DOCS / "schemas").iterdir()}

    assert found <= set(pages())


def test_the_docs_are_not_renewed_over_a_change_that_breaks_stored_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS / "schemas", docs / "schemas")
    shutil.copy(DOCS / "events.md", docs)
    shutil.copy(DOCS / "operations.md", docs)
    entered = docs / "schemas" / "cc.queue.entered.v1.json"
    schema = json.loads(entered.read_text("utf-8"))
    schema["$defs"]["QueueEnteredData"]["properties"]["skill"] = {"type": "string"}
    entered.write_text(json.dumps(schema), "utf-8")

    assert main(docs) == 1

    assert "cc.queue.entered.v1.data.skill is gone" in capsys.readouterr().err
    assert not (docs / "metrics.md").exists()


def test_the_docs_are_renewed_where_they_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    (docs / "metrics.md").write_text("old", "utf-8")

    assert main(docs) == 0

    assert capsys.readouterr().out == "renewed docs/metrics.md\n"
    assert (docs / "metrics.md").read_text("utf-8") == pages()[Path("metrics.md")]


def test_every_message_of_asterisk_that_is_translated_is_explained() -> None:
    page = (DOCS / "events.md").read_text("utf-8")
    names = [name.decode() for name in translate.NEEDED]
    verbs = queue_log_translate._TRANSLATIONS

    assert [name for name in (*names, *verbs) if f"`{name}`" not in page] == []
