"""What a CRM tells over hours drawn at random: in which order and how often is nothing."""

import random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

import schemas.events as e
from schemas import crm_events as crm
from schemas.facts import Card, CaseStep, Disposition, Survey
from stream_processors.core.pipeline import freeze, thaw
from tests.core.drawn import some
from tests.core.small_centre import AGENTS, Hour, disordered, hours, moment_of
from tests.crm_told import told, with_callers
from tests.readings import comparable
from tests.timetable import run

SOME = some(30)
OF_CRM = {each.__name__ for each in (Card, CaseStep, Disposition, Survey)}

clocks = st.integers(0, 420_000).map(
    lambda ms: f"09:{ms // 60_000:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
)
hints = st.fixed_dictionaries(
    {},
    optional={
        "interaction_id": st.sampled_from(["c0", "c1", "c2", "merged", "unknown"]),
        "caller_key": st.sampled_from(["key-c", "key-x"]),
        "case_id": st.sampled_from(["C1", "C2"]),
    },
)
cards = st.builds(
    lambda kind, at, card, agent, more: told(kind, at, card_id=card, agent_id=agent, **more),
    st.sampled_from([crm.CardOpened, crm.CardSaved, crm.CardClosed]),
    clocks, st.sampled_from("12"), st.sampled_from(AGENTS), hints,
)  # fmt: skip
others = st.builds(
    lambda make, at, agent, more: told(
        make[0], at, **{**make[1], **more}, **({"agent_id": agent} if agent else {})
    ),
    st.sampled_from(
        [
            (crm.CaseCreated, {"case_id": "C1"}),
            (crm.CaseReopened, {"case_id": "C2"}),
            (crm.DispositionSet, {"code": "sold"}),
            (crm.SurveyAnswered, {"kind": "csat", "score": 4, "scale_min": 1, "scale_max": 5}),
        ]
    ),
    clocks, st.sampled_from([*AGENTS, ""]), hints,
)  # fmt: skip
tellings = st.lists(st.one_of(cards, others), min_size=1, max_size=12).map(
    lambda values: [e.decode(value) for value in values]
)


def log_of(hour: Hour, told_too: list[e.Event]) -> list[e.Event]:
    """Return what PBX and CRM tell in the order of time; both go on until ten."""
    of_pbx = with_callers(hour.events("both"))
    gone = [each.data.from_id for each in of_pbx if isinstance(each, e.InteractionMerged)]
    of_crm = [_of_merged(event, gone) for event in told_too]
    return sorted(of_pbx + of_crm, key=moment_of)


def _of_merged(event: Any, gone: list[str]) -> Any:
    """Let what is told of the contact "merged" be of one that was merged into another."""
    if not gone or event.data.interaction_id != "merged":
        return event
    name = gone[ord(event.id[-1]) % len(gone)]
    return msgspec.structs.replace(
        event, data=msgspec.structs.replace(event.data, interaction_id=name)
    )


def swapped(log: list[e.Event], seed: int) -> list[e.Event]:
    """Return a log in which what the CRM tells comes up to nine minutes late, and twice."""
    chance = random.Random(seed)
    of_pbx = [event for event in log if event.source != "crm"]
    of_crm = [event for event in log if event.source == "crm"] * 2
    late = [
        (moment_of(event) + chance.uniform(0, 540_000), place, event)
        for place, event in enumerate(of_crm)
    ]
    straight = [
        (float(moment_of(event)), place, event)
        for place, event in enumerate(disordered(of_pbx, seed, repeated=0.1), len(late))
    ]
    return [each for _, _, each in sorted(late + straight, key=lambda each: each[:2])]


def received(log: list[e.Event]) -> list[bytes]:
    """Return a log whose events were received in its order."""
    latest, made = "", []
    for event in log:
        latest = max(latest, event.time)
        made.append(e.encode(msgspec.structs.replace(event, recordedtime=latest)))
    return made


@SOME
@given(hour=hours(), news=tellings, seed=st.integers(0, 1 << 30), size=st.integers(1, 60))
def test_in_which_order_and_how_often_a_crm_tells_changes_nothing(
    hour: Hour, news: list[e.Event], seed: int, size: int
) -> None:
    log = log_of(hour, news)

    facts = comparable(run(received(log), size=size)[1])
    others = comparable(run(received(swapped(log, seed)), size=7)[1])

    assert others == facts
    assert any(key[0] in OF_CRM for key in facts)


@SOME
@given(hour=hours(), news=tellings, cut=st.integers(1, 100))
def test_a_snapshot_in_the_middle_changes_nothing(
    hour: Hour, news: list[e.Event], cut: int
) -> None:
    log = received(log_of(hour, news))
    place = len(log) * cut // 100

    whole = run(log, size=5)[1]
    state, first = run(log[:place], size=5)
    rest = run(log[place:], state=thaw(freeze(state)), size=5)[1]

    assert comparable([*first, *rest]) == comparable(whole)


@SOME
@given(hour=hours(), news=tellings)
def test_what_a_crm_tells_changes_nothing_about_calls(hour: Hour, news: list[e.Event]) -> None:
    log = log_of(hour, news)
    without = [event for event in log if event.source != "crm"]

    with_it = comparable(run(received(log))[1])

    assert comparable(run(received(without))[1]) == {
        key: said for key, said in with_it.items() if key[0] not in OF_CRM
    }
