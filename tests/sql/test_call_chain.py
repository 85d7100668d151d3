"""One contact in order: a timetable in which two agents are rung for one caller."""

from sql.embedded import EmbeddedStore
from tests.sql.asking import rows
from tests.sql.test_adherence import fold
from tests.timetable import values

DAY = """
    08:59 login Anna sales
    08:59 login Boris sales
    09:00:00 enter  c sales
    09:00:01 ring   c sales Anna
    09:00:02 enter  d sales
    09:00:16 miss   c sales Anna
    09:00:17 ring   c sales Boris
    09:00:20 answer c sales Boris
    09:00:30 abandon d sales
    09:01:00 end    c sales Boris caller
"""


def test_a_contact_is_told_in_order_down_to_its_events(store: EmbeddedStore) -> None:
    log = values(DAY)
    fold(store, log)
    (asked,) = rows(store, "SELECT interaction_id FROM legs WHERE outcome = 'answered'")
    contact = asked["interaction_id"]

    told = rows(
        store,
        f"SELECT * FROM call_chain(interaction_id = '{contact}') "
        "ORDER BY at, kind = 'event', place",
    )

    concluded = [
        (row["at"][11:19], row["kind"], row["what"], row["agent_id"])
        for row in told
        if row["kind"] in ("leg", "offer")
    ]
    assert sorted(concluded) == [
        ("09:00:00", "leg", "entered", "Boris"),
        ("09:00:01", "offer", "rings", "Anna"),
        ("09:00:16", "offer", "no_answer", "Anna"),
        ("09:00:17", "offer", "rings", "Boris"),
        ("09:00:20", "leg", "answered", "Boris"),
        ("09:00:20", "offer", "answered", "Boris"),
        ("09:01:00", "leg", "ended", "Boris"),
    ]
    # Each line about c is an event of it; nothing of d, nothing of log-ins.
    heard = {row["at"][11:19] for row in told if row["kind"] == "event"}
    assert heard == {"09:00:00", "09:00:01", "09:00:16", "09:00:17", "09:00:20", "09:01:00"}
    ids = {row["id"] for row in told if row["kind"] == "event"}
    assert ids <= {row["id"] for row in rows(store, "SELECT id FROM events")}


def test_of_an_unknown_contact_nothing_is_told(store: EmbeddedStore) -> None:
    fold(store, values(DAY))

    assert rows(store, "SELECT * FROM call_chain(interaction_id = 'none')") == []
