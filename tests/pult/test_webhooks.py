"""What a CRM posts to `pult run` is in the history, once, and nothing else is."""

import json
from pathlib import Path

from tests.pult.command import pult
from tests.pult.hooked import SECRET, hooked, post, signed

SAVED = {
    "event": "card.saved", "id": "e-1", "time": "2026-03-02T10:15:30.250+03:00",
    "card_id": 5, "agent_id": "15", "interaction_id": "1772435000.7",
    "phone": "+7 (495) 100-01-02", "fields_filled": "12", "colour": "red",
}  # fmt: skip


def test_what_a_crm_posts_is_an_event_of_the_history_once(tmp_path: Path) -> None:
    body = json.dumps(SAVED).encode()
    form = b"event=case.closed&id=e-2&time=2026-03-02T07:16:00Z&case_id=%D0%B4-1"
    broken = b'{"event": "card.saved", "id": "e-3", "time": "2026-03'
    never = json.dumps({**SAVED, "id": "e-4", "time": "9999-12-31T00:00:00Z"}).encode()
    unset = "application/x-www-form-urlencoded; charset=undefined"
    with hooked(tmp_path) as crm:
        kinds = "application/json", "application/x-www-form-urlencoded", "text/html"
        odd = (
            post(crm.hook, never, signed(never)),
            post(crm.hook, b"a=1", signed(b"a=1"), unset),
        )
        first = [
            post(crm.hook, each, signed(each), kind)
            for each, kind in zip((body, form, broken), kinds, strict=True)
        ]
        again = post(crm.hook, body, signed(body))
        stranger = post(crm.hook, body, signed(body, "another secret"))
        rows = crm.rows("SELECT * FROM events ORDER BY occurred_at", 2)
        (filled,) = crm.rows("SELECT card_id, agent_id, saves, matched_by FROM cards", 1)
        (over,) = crm.rows("SELECT case_id, is_open, resolved_at FROM cases", 1)
        refused = crm.rows("SELECT reason, detail, bytes FROM rejected ORDER BY revision", 3)
        code = crm.stop()
        said = crm.said.read_text()

    assert (first, again, stranger) == ([200, 200, 200], 200, 401)
    card, case = rows
    assert (card["type"], card["source"], card["feed"]) == (
        "cc.card.saved.v1", "crm", "webhook",
    )  # fmt: skip
    assert card["occurred_at"] == "2026-03-02 07:15:30.250"
    assert (card["agent_id"], card["interaction_id"]) == ("Anna Petrova", "1772435000.7")
    data = json.loads(card["data"])
    assert data["fields_filled"] == 12
    assert "caller_key" in data
    assert "100" not in data["caller_key"]
    assert (case["type"], json.loads(case["data"])["case_id"]) == ("cc.case.closed.v1", "д-1")
    assert (filled["card_id"], filled["agent_id"]) == ("5", "Anna Petrova")
    assert (int(filled["saves"]), filled["matched_by"]) == (1, "id")
    assert (over["case_id"], over["is_open"]) == ("д-1", False)
    assert over["resolved_at"] == "2026-03-02 07:16:00.000"
    assert odd == (200, 200)
    assert [row["reason"] for row in refused] == ["malformed"] * 3
    assert "after 2148" in refused[0]["detail"]
    assert "character set undefined" in refused[1]["detail"]
    assert "e-3" in refused[2]["bytes"]
    assert code == 0
    assert not [each for each in (SECRET, "e-1", "card.saved", "0102") if each in said], said
    assert "webhook refused source=crm: signature wrong" in said


def test_one_id_with_two_texts_counts_once_and_a_rebuild_changes_nothing(
    tmp_path: Path,
) -> None:
    told = {"event": "card.saved", "id": "e1", "card_id": "7", "agent_id": "15"}
    first, second = (
        json.dumps({**told, "time": f"2026-03-02T07:15:{second}Z", "fields_filled": fields})
        for second, fields in ((30, 3), (40, 5))
    )
    with hooked(tmp_path) as crm:
        for body in (first, second, f"[{second}, {first}]", first):
            assert post(crm.hook, body.encode(), signed(body.encode())) == 200
        (card,) = crm.rows("SELECT saves, fields_filled FROM cards", 1)
        assert {name: int(value) for name, value in card.items()} == {
            "saves": 1, "fields_filled": 3
        }  # fmt: skip
        refused = crm.rows("SELECT reason, bytes FROM rejected ORDER BY revision", 2)
        assert [row["reason"] for row in refused] == ["duplicate", "duplicate"]
        assert second in refused[0]["bytes"]
        assert len(crm.sql("SELECT id FROM events")) == 1
        assert crm.stop() == 0
        # What ends the journal made no event, and so is not missing from the store.
        crm.start()
        assert post(crm.hook, second.encode(), signed(second.encode())) == 200
        assert crm.stop() == 0
        assert "store ends before" not in crm.said.read_text()
        once = crm.sql("SELECT * FROM cards")
    done = pult("rebuild", "--from-journal", "--config", crm.config, "--data", crm.data)
    assert done.code == 0, done
    assert "the history says what they say" in done.out
    assert crm.sql("SELECT * FROM cards") == once
    assert len(crm.sql("SELECT id FROM events")) == 1


NUMBERED = """
title = "messages with an id"
id_header = "X-Delivery"
headers = ["X-Attempt"]
[[event]]
type = "case.updated"
time = "time"
data = { case_id = "case" }
"""


def test_a_message_put_right_under_its_id_counts_live_after_a_kill_and_rebuilt(
    tmp_path: Path,
) -> None:
    """The first text that brings an event holds; the same body again is a retry."""
    mapping = tmp_path / "numbered.toml"
    mapping.write_text(NUMBERED)
    bad, good, other = (
        json.dumps(
            {"case": case, **({"time": "2026-03-02T07:15:30Z"} if case else {})}
        ).encode()
        for case in ("", "c1", "c2")
    )
    with hooked(tmp_path, f'mapping = "{mapping}", signature = "hmac"') as crm:

        def say(*bodies: bytes) -> None:
            for attempt, body in enumerate(bodies):
                headers = {"X-Delivery": "d1", "X-Attempt": str(attempt)}
                assert post(crm.hook, body, {**signed(body), **headers}) == 200

        say(bad, good, good, bad, other, good)
        refused = crm.rows("SELECT reason, bytes FROM rejected ORDER BY revision", 2)
        assert [row["reason"] for row in refused] == ["no_time", "duplicate"]
        assert other.decode() in refused[1]["bytes"]
        (case,) = crm.rows("SELECT case_id FROM cases", 1)
        assert case["case_id"] == "c1"
        live = crm.sql("SELECT * FROM events")
        assert crm.process is not None
        crm.process.kill()
        crm.process.wait(30)
        crm.start()
        say(other, bad, good)
        assert crm.stop() == 0
        assert crm.sql("SELECT * FROM events") == live
    done = pult("rebuild", "--from-journal", "--config", crm.config, "--data", crm.data)
    assert (done.code, "the history says what they say" in done.out) == (0, True), done
    assert crm.sql("SELECT * FROM events") == live
    assert len(crm.sql("SELECT revision FROM rejected")) == 2
