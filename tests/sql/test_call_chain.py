"""One contact in order: a timetable in which two agents are rung for one caller."""

import pytest

from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from tests.crm_told import told as told_by_crm
from tests.sql.asking import fold, rows
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

    told = rows(store, f"SELECT * FROM call_chain(interaction_id = '{contact}')")

    places = [(row["at"], row["kind"] == "event", int(row["place"])) for row in told]
    assert places == sorted(places)
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


def test_what_a_crm_told_of_a_contact_is_in_its_chain_with_the_events(
    store: EmbeddedStore,
) -> None:
    """Boris fills in a card of c, of which the CRM knows the id; he saves it twice.

    The survey comes two days later. The card of Anna, who talks to nobody, is in no chain.
    """
    fold(
        store,
        [
            told_by_crm(crm.CaseUpdated, "08:59:00", case_id="first"),
            *values(DAY),
            told_by_crm(
                crm.CardOpened, "09:00:25", card_id="7", agent_id="Boris", interaction_id="c"
            ),
            told_by_crm(
                crm.CaseCreated, "09:00:40", case_id="K1", agent_id="Boris", interaction_id="c"
            ),
            told_by_crm(crm.CardSaved, "09:00:50", card_id="7", agent_id="Boris"),
            told_by_crm(crm.CardSaved, "09:01:20", card_id="7", agent_id="Boris"),
            told_by_crm(
                crm.DispositionSet, "09:01:21", code="3", name="Sold", interaction_id="c"
            ),
            told_by_crm(crm.CardOpened, "09:30:00", card_id="8", agent_id="Anna"),
            told_by_crm(
                crm.SurveyAnswered, "10:00:00", day="2026-03-04", kind="csat", score=4,
                scale_min=1, scale_max=5, interaction_id="c",
            ),
        ],
    )  # fmt: skip

    chain = rows(store, "SELECT * FROM call_chain(interaction_id = 'c') ORDER BY at, kind")

    of_crm = ("card", "case", "disposition", "survey")
    assert [
        (row["at"][8:19], row["kind"], row["what"]) for row in chain if row["kind"] in of_crm
    ] == [
        ("02 09:00:25", "card", "7 opened"),
        ("02 09:00:40", "case", "K1 created"),
        ("02 09:01:20", "card", "7 saved"),
        ("02 09:01:21", "disposition", "Sold"),
        ("04 10:00:00", "survey", "csat 4"),
    ]
    by_crm = [
        (row["at"][8:19], row["what"].split(".")[1])
        for row in chain
        if row["kind"] == "event" and row["feed"] == "webhook"
    ]
    assert by_crm == [
        ("02 09:00:25", "card"), ("02 09:00:40", "case"), ("02 09:00:50", "card"),
        ("02 09:01:20", "card"), ("02 09:01:21", "disposition"), ("04 10:00:00", "survey"),
    ]  # fmt: skip


def test_merges_are_followed_to_their_end(store: EmbeddedStore) -> None:
    """x1 went into x2, that into x3, that into c; y went into d, whom nobody merged.

    The CRM names x1. Contacts that went into each other (z1, z2) make no endless round.
    """
    merges = """
        08:59:58 starts x1
        08:59:58 starts x2
        08:59:58 starts x3
        08:59:58 starts y
        09:00:31 merges x1 x2
        09:00:32 merges x2 x3
        09:00:33 merges x3 c
        09:00:34 merges y d
        09:00:35 merges z1 z2
        09:00:36 merges z2 z1
        09:00:37 merges z1 c
    """
    card = told_by_crm(
        crm.CardOpened, "09:00:50", card_id="7", agent_id="Boris", interaction_id="x1"
    )
    fold(store, [told_by_crm(crm.CaseUpdated, "08:59:00", case_id="first"),
                 *sorted_values(DAY + merges), card])  # fmt: skip

    chain = rows(store, "SELECT * FROM call_chain(interaction_id = 'c') ORDER BY at, place")

    told = [(row["at"][11:19], row["what"].split(".", 1)[1]) for row in chain
            if "merged" in row["what"] or "started" in row["what"]]  # fmt: skip
    assert [each for each in told if "offer" not in each[1]] == [
        *[("08:59:58", "interaction.started.v1")] * 3,
        ("09:00:31", "interaction.merged.v1"),
        ("09:00:32", "interaction.merged.v1"),
        ("09:00:33", "interaction.merged.v1"),
        ("09:00:35", "interaction.merged.v1"),
        ("09:00:36", "interaction.merged.v1"),
        ("09:00:37", "interaction.merged.v1"),
    ]
    cards = [row["what"] for row in chain if row["kind"] == "card"]
    assert cards == ["7 opened"]
    assert len({(row["kind"], row["id"]) for row in chain if row["kind"] == "event"}) == len(
        [row for row in chain if row["kind"] == "event"]
    )


def sorted_values(text: str) -> list[bytes]:
    """Return the events of a timetable whose lines are not in order."""
    return values("\n".join(sorted(line.strip() for line in text.splitlines() if line.strip())))


@pytest.mark.parametrize("contact", ["none", ""])
def test_of_an_unknown_contact_nothing_is_told(store: EmbeddedStore, contact: str) -> None:
    """What a CRM told has no contact where none was found: that is no contact of that name."""
    of_nobody = told_by_crm(crm.CaseCreated, "08:59:00", case_id="K1")
    of_c = told_by_crm(crm.CaseCreated, "09:00:40", case_id="K2", interaction_id="c")
    card = told_by_crm(crm.CardOpened, "09:30:00", card_id="8", agent_id="Anna")
    fold(store, [of_nobody, *values(DAY), of_c, card])

    assert rows(store, f"SELECT * FROM call_chain(interaction_id = '{contact}')") == []


@pytest.mark.parametrize("contact", ["", "c"])
@pytest.mark.parametrize("kind", ["", "case"])
def test_who_served_what_a_crm_told_of_does_not_depend_on_how_it_is_asked(
    store: EmbeddedStore, kind: str, contact: str
) -> None:
    """By Boris and the time it is of the call that he has."""
    first = told_by_crm(crm.CaseUpdated, "08:59:00", case_id="first")
    created = told_by_crm(crm.CaseCreated, "09:00:40", case_id="K2", agent_id="Boris")
    fold(store, [first, *values(DAY), created])

    (told,) = rows(
        store,
        "SELECT what, interaction_id, matched_by, served_by "
        f"FROM crm_told(kind = '{kind}', contact = '{contact}') WHERE what = 'K2 created'",
    )

    assert list(told.values()) == ["K2 created", "c", "agent", "Boris"]
