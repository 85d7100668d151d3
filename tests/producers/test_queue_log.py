"""Cutting a queue log into lines, and what each verb says."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.asterisk.queue_log import Line, QueueLogLines
from producers.asterisk.queue_log_translate import translate
from producers.asterisk.recordings import queue_log_frames
from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from schemas.errors import UntranslatableFrame
from schemas.events import Event, decode, encode

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
LAB = REPOSITORY / "producers" / "recordings" / "asterisk_lab" / "queue_log"

NAMES = Naming("acme", "acme", CallerKeys(b"secret"))
SECOND = 1_795_288_587


def read(*chunks: bytes, longest: int = 64 * 1024) -> tuple[list[Line], QueueLogLines]:
    lines = QueueLogLines(longest=longest)
    return [line for chunk in chunks for line in lines.feed(chunk)], lines


def frame(text: str, ordinal: int = 0, repeat: int = 0) -> Frame:
    content = f"{SECOND}|{text}".encode()
    return Frame("pbx1", "queue-log", SECOND * 1_000_000, content, ordinal, repeat)


def told(event: Event) -> dict[str, Any]:
    known = {name: getattr(event.data, name) for name in event.data.__struct_fields__}
    usual = ("", None, 0, False, "voice", "in", ())
    return {name: value for name, value in known.items() if value not in usual}


def kind(event: Event) -> str:
    return type(event).__name__


# --- lines -----------------------------------------------------------------------------------


def test_lines_of_one_second_are_numbered_and_equal_ones_counted() -> None:
    lines, _ = read(b"10|a|q|x|PAUSE|\n10|a|q|y|PAUSE|\n10|a|q|x|PAUSE|\n11|a|q|x|PAUSE|\n")

    assert [(line.second, line.ordinal, line.repeat) for line in lines] == [
        (10, 0, 0), (10, 1, 0), (10, 2, 1), (11, 0, 0),
    ]  # fmt: skip


def test_a_line_behind_one_of_the_next_second_has_its_place_in_its_own() -> None:
    """Two threads of Asterisk may write in another order than they looked at the clock."""
    lines, _ = read(
        b"10|a|q|x|PAUSE|\n10|a|q|y|PAUSE|\n11|a|q|x|PAUSE|\n10|a|q|x|PAUSE|\n11|a|q|y|PAUSE|\n"
    )

    assert [(line.second, line.ordinal, line.repeat) for line in lines] == [
        (10, 0, 0), (10, 1, 0), (11, 0, 0), (10, 2, 1), (11, 1, 0),
    ]  # fmt: skip


def test_a_copy_that_begins_seconds_before_the_end_of_a_log_says_nothing_new() -> None:
    log = QueueLogLines()
    first = log.feed(b"10|a|q|x|PAUSE|\n11|a|q|x|PAUSE|\n12|a|q|x|PAUSE|\n")
    log.close(finished=True)
    again = log.feed(b"10|a|q|x|PAUSE|\n11|a|q|x|PAUSE|\n")

    assert again == first[:2]


def test_a_log_goes_on_in_a_new_file_where_the_old_one_was_left() -> None:
    lines = QueueLogLines(first_second=10, first_ordinal=3)

    found = lines.feed(b"10|a|q|x|PAUSE|\n11|a|q|x|PAUSE|\n")

    assert [(line.second, line.ordinal) for line in found] == [(10, 3), (11, 0)]


def test_a_half_written_last_line_of_a_live_file_is_not_used() -> None:
    lines, log = read(b"10|a|q|x|PAUSE|\n10|a|q|x|COMPLETEAGENT|5|1")

    assert len(lines) == 1
    assert log.close(finished=False) == []


def test_a_finished_recording_may_lack_its_last_line_end() -> None:
    _, log = read(b"10|a|q|x|COMPLETEAGENT|5|1")

    assert [line.text for line in log.close(finished=True)] == [b"10|a|q|x|COMPLETEAGENT|5|1"]
    assert log.close(finished=True) == []


@pytest.mark.parametrize(
    "text", [b"10|a|q", b"hello", b"soon|a|q|x|PAUSE|", b"-1|a|q|x|PAUSE|"]
)
def test_what_is_no_line_is_refused(text: bytes) -> None:
    lines, log = read(text + b"\n10|a|q|x|PAUSE|\n")

    assert len(lines) == 1
    assert [(refused.content, refused.reason) for refused in log.refused] == [
        (text, "malformed")
    ]


def test_blank_lines_foreign_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    lines, log = read(b"\xef\xbb\xbf10|a|q|x|PAUSE|\r\n\r\n\n10|a|q|y|PAUSE|\n")

    assert [line.text for line in lines] == [b"10|a|q|x|PAUSE|", b"10|a|q|y|PAUSE|"]
    assert log.refused == []


def test_a_line_too_long_is_refused_and_the_next_one_read() -> None:
    giant = b"10|a|q|x|PAUSE|" + b"x" * 300

    lines, log = read(giant + b"\n10|a|q|y|PAUSE|\n", longest=100)

    assert [line.text for line in lines] == [b"10|a|q|y|PAUSE|"]
    assert [(each.content, each.reason) for each in log.refused] == [(giant[:100], "oversized")]


@given(places=st.lists(st.integers(0, 6_000)), longest=st.sampled_from([20, 65_536]))
def test_the_portions_of_a_log_do_not_matter(places: list[int], longest: int) -> None:
    data = LAB.read_bytes()[:6_000]
    ends = sorted(places)
    parts = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]

    whole, at_once = read(data, longest=longest)
    pieces, in_portions = read(*parts, longest=longest)

    assert pieces == whole
    assert in_portions.refused == at_once.refused


# --- translation -----------------------------------------------------------------------------


def test_a_line_has_its_whole_second_and_its_place_in_it() -> None:
    (event,) = translate(frame("1.0|sales|NONE|ENTERQUEUE||+74951000797|2", ordinal=7), NAMES)

    assert event.time == "2026-11-21T19:16:27.000Z"
    assert event.sequence == SECOND * 1_000_000 + 7
    assert event.resolution == 1000
    assert event.recordedtime == event.time
    assert event.subject == "1.0"
    assert b"4951000797" not in encode(event)
    assert decode(encode(event)) == event


def test_equal_lines_of_one_second_are_two_events_and_one_read_twice_is_one() -> None:
    text = "NONE|sales|Ann|PAUSE|Lunch"

    ids = {translate(frame(text, place, repeat), NAMES)[0].id for place, repeat in
           [(0, 0), (5, 0), (1, 1)]}  # fmt: skip

    assert len(ids) == 2


LEG = {"channel_id": "1.0", "queue_id": "sales"}
TALK = LEG | {"agent_id": "Ann"}
VERBS: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("1.0|sales|NONE|ENTERQUEUE|||2",
     [("QueueEntered", LEG | {"interaction_id": "1.0", "position": 2})]),
    ("1.0|sales|Ann|CONNECT|9|1.4|3",
     [("LegConnected", TALK | {"offer_id": "1.4", "wait_ms": 9000, "ring_ms": 3000})]),
    ("1.0|sales|Ann|CONNECT|9|1.4",
     [("LegConnected", TALK | {"offer_id": "1.4", "wait_ms": 9000})]),
    ("1.0|sales|Ann|CONNECT", [("LegConnected", TALK)]),
    ("1.0|sales|Ann|COMPLETEAGENT|9|14|1",
     [("LegEnded", TALK | {"ended_by": "agent", "wait_ms": 9000, "talk_ms": 14_000})]),
    ("1.0|sales|Ann|COMPLETECALLER|9|14|1",
     [("LegEnded", TALK | {"ended_by": "caller", "wait_ms": 9000, "talk_ms": 14_000})]),
    ("1.0|sales|NONE|ABANDON|1|5|14",
     [("QueueLeft", LEG | {"outcome": "abandoned", "wait_ms": 14_000})]),
    ("1.0|sales|NONE|ABANDON|1|5|-1",
     [("QueueLeft", LEG | {"outcome": "abandoned"})]),
    ("1.0|sales|NONE|EXITWITHTIMEOUT|1|3|15",
     [("QueueLeft", LEG | {"outcome": "timeout", "wait_ms": 15_000})]),
    ("1.0|sales|NONE|EXITEMPTY|1|3|15",
     [("QueueLeft", LEG | {"outcome": "empty", "wait_ms": 15_000})]),
    ("1.0|sales|NONE|EXITWITHKEY|5|1|3|15",
     [("QueueLeft", LEG | {"outcome": "key", "wait_ms": 15_000})]),
    ("1.0|sales|NONE|WITHDRAW|1|3|15|moved by hand",
     [("QueueLeft", LEG | {"outcome": "withdrawn", "wait_ms": 15_000})]),
    ("1.0|sales|NONE|SYSCOMPAT", [("QueueLeft", LEG | {"outcome": "system"})]),
    ("1.0|sales|Ann|RINGNOANSWER|8000",
     [("OfferEnded", TALK | {"result": "no_answer", "ring_ms": 8000})]),
    ("1.0|sales|Ann|RINGNOANSWER|0", [("OfferEnded", TALK | {"result": "busy"})]),
    ("1.0|sales|Ann|RINGCANCELED|99",
     [("OfferEnded", TALK | {"result": "cancelled", "ring_ms": 99})]),
    ("1.0|sales|Ann|AGENTDUMP", [("OfferEnded", TALK | {"result": "rejected"})]),
    *(
        (f"1.0|sales|Ann|{verb}|support|inbound|11|6|2",
         [("LegTransferred", TALK | {"kind": "blind", "to": "support",
                                     "wait_ms": 11_000, "talk_ms": 6000}),
          ("LegEnded", TALK | {"ended_by": "agent", "wait_ms": 11_000, "talk_ms": 6000})])
        for verb in ("BLINDTRANSFER", "TRANSFER")
    ),
    *(
        (f"1.0|sales|Ann|ATTENDEDTRANSFER|{how}|11|6|2",
         [("LegTransferred", TALK | {"kind": "attended", "wait_ms": 11_000,
                                     "talk_ms": 6000} | to),
          ("LegEnded", TALK | {"ended_by": "agent", "wait_ms": 11_000, "talk_ms": 6000})])
        for how, to in [("BRIDGE|936d19d0", {}), ("APP|VoiceMail", {"to": "VoiceMail"}),
                        ("LINK|SIP/7-1|SIP/8-1", {})]
    ),
    ("MANAGER|sales|Ann|ADDMEMBER|",
     [("AgentQueueJoined", {"agent_id": "Ann", "queue_id": "sales"})]),
    ("MANAGER|sales|Ann|ADDMEMBER|PAUSED",
     [("AgentQueueJoined", {"agent_id": "Ann", "queue_id": "sales", "paused": True})]),
    ("REALTIME|sales|Ann|REMOVEMEMBER|",
     [("AgentQueueLeft", {"agent_id": "Ann", "queue_id": "sales"})]),
    *(
        (f"NONE|{queue or 'NONE'}|Ann|{verb}|Lunch",
         [("AgentStateChanged", {"agent_id": "Ann", "state": state, "scope": scope,
                                 "reason": "Lunch"} | ({"queue_id": queue} if queue else {}))])
        for verb, queue, state, scope in [
            ("PAUSE", "sales", "not_ready", "queue"), ("UNPAUSE", "sales", "ready", "queue"),
            ("PAUSEALL", "", "not_ready", "global"), ("UNPAUSEALL", "", "ready", "global"),
            ("PAUSEREASON", "", "not_ready", "global"),
        ]
    ),
    ("1.0|NONE|Agent/1|AGENTLOGIN|SIP/7-1",
     [("AgentLoggedIn", {"agent_id": "Agent/1", "device": "SIP/7-1"})]),
    ("1.0|NONE|Agent/1|AGENTLOGOFF|SIP/7-1|120",
     [("AgentLoggedOut", {"agent_id": "Agent/1", "device": "SIP/7-1"})]),
    ("1.0|NONE|Agent/1|AGENTCALLBACKLOGIN|7@default",
     [("AgentLoggedIn", {"agent_id": "Agent/1", "device": "7@default"})]),
    ("1.0|NONE|Agent/1|AGENTCALLBACKLOGOFF|7@default|25195|Autologoff",
     [("AgentLoggedOut", {"agent_id": "Agent/1", "device": "7@default"})]),
    ("NONE|NONE|NONE|QUEUESTART|", [("SourceRestarted", {})]),
    ("NONE|NONE|NONE|CONFIGRELOAD|", [("SourceReloaded", {})]),
    ("1.0|sales|Ann|PENALTY|3",
     [("SourceNoted", TALK | {"verb": "PENALTY", "fields": ("3",)})]),
    ("1.0|NONE|Ann|OUTDIAL|", [("SourceNoted",
     {"verb": "OUTDIAL", "channel_id": "1.0", "agent_id": "Ann", "fields": ("",)})]),
    ("NONE|NONE|NONE|", [("SourceNoted", {})]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), VERBS, ids=[row[0] for row in VERBS])
def test_a_verb_says(text: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert [(kind(event), told(event)) for event in translate(frame(text), NAMES)] == expected


def test_numbers_in_a_verb_of_a_vendor_are_masked() -> None:
    (event,) = translate(frame("1.0|sales|Ann|DID|+7 495 100-07-97|1795288587.0"), NAMES)

    assert told(event)["fields"] == (NAMES.callers.key("74951000797"), "1795288587.0")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.0|sales|Ann|CONNECT|soon|1.4|3", "data1 is not a whole number"),
        ("1.0|sales|NONE|CONNECT|9", "names no agent"),
        ("1.0|NONE|NONE|ENTERQUEUE||1|1", "names no queue"),
        ("NONE|sales|NONE|ABANDON|1|1|1", "names no callid"),
        ("NONE|sales", "epoch|callid|queue|agent|verb"),
        ("1.0|north|sales|NONE|ENTERQUEUE||5|1", "the name of a queue or an agent has a |"),
        ("1.0|sales|Petrova|Anna|CONNECT|5|1.9|4", "the name of a queue or an agent has a |"),
        ("1.0|a|b|c|d|ABANDON|1|1|7", "the name of a queue or an agent has a |"),
    ],
)
def test_an_unusable_line_is_refused_with_its_text(text: str, why: str) -> None:
    with pytest.raises(UntranslatableFrame) as refused:
        translate(frame(text), NAMES)

    assert why in str(refused.value)
    assert text in str(refused.value)


def test_a_complaint_tells_no_phone_number() -> None:
    with pytest.raises(UntranslatableFrame) as refused:
        translate(frame("1.0|sales|NONE|ENTERQUEUE||+74951000797|first"), NAMES)

    assert "4951000797" not in str(refused.value)


def test_a_complaint_tells_the_second_by_which_the_line_is_found() -> None:
    line = b"1795288587|1.0|sales|NONE|CONNECT|9"
    with pytest.raises(UntranslatableFrame) as refused:
        translate(Frame("p", "queue-log", 10_000_000, line), NAMES)
    with pytest.raises(UntranslatableFrame) as no_line:
        translate(Frame("p", "queue-log", 10_000_000, b"79521234567|calls"), NAMES)

    assert "'1795288587|1.0|sales|" in str(refused.value)
    assert "79521234567" not in str(no_line.value)


@given(
    verb=st.sampled_from(sorted({row[0].split("|")[3] for row in VERBS})) | st.text(max_size=9),
    fields=st.lists(st.binary(max_size=12), max_size=7),
)
def test_no_line_does_more_than_be_refused(verb: str, fields: list[bytes]) -> None:
    content = b"|".join([b"10|1.0|q|a", verb.encode(), *fields])
    try:
        events = translate(Frame("p", "queue-log", 10_000_000, content), NAMES)
    except UntranslatableFrame:
        events = []

    assert all(decode(encode(event)) == event for event in events)


# --- whole logs ------------------------------------------------------------------------------


def test_the_lab_log_has_the_counts_that_its_readme_tells() -> None:
    events: list[Event] = []
    for each in queue_log_frames([LAB], "pbx1"):
        assert isinstance(each, Frame)
        events += translate(each, NAMES)
    kinds = Counter(map(kind, events))
    exits = Counter(told(event)["outcome"] for event in events if kind(event) == "QueueLeft")
    rings = Counter(told(event)["result"] for event in events if kind(event) == "OfferEnded")
    pauses = Counter(
        (told(event)["scope"], told(event)["state"])
        for event in events
        if kind(event) == "AgentStateChanged"
    )

    assert kinds["QueueEntered"] == 818
    assert kinds["LegConnected"] == kinds["LegEnded"] == 678
    assert exits == {"abandoned": 122, "timeout": 18}
    assert rings == {"no_answer": 65, "cancelled": 24}
    assert kinds["LegTransferred"] == 28
    assert pauses == {
        ("queue", "not_ready"): 395, ("queue", "ready"): 395,
        ("global", "not_ready"): 205, ("global", "ready"): 205,
    }  # fmt: skip
    assert kinds["SourceRestarted"] == 1
    assert len({event.id for event in events}) == len(events)


WAIT_OF = {"CONNECT": 0, "COMPLETEAGENT": 0, "COMPLETECALLER": 0, "ABANDON": 2,
           "EXITWITHTIMEOUT": 2, "RINGNOANSWER": 0}  # fmt: skip


def line_of(row: dict[str, str]) -> str:
    """A row of the vendor's table as Asterisk would have logged it."""
    data = [row["param1"], row["param2"], row["param3"]]
    place = WAIT_OF.get(row["event"])
    if place is not None:
        data[place] = row["htime"]
    if row["event"].startswith("COMPLETE"):
        data[1] = row["ttime"]
    columns = [row[name] for name in ("date_time", "callid", "queue_name", "type", "event")]
    return "|".join([*columns, *data])


def test_five_days_of_another_vendors_log_pass_without_harm(tmp_path: Path) -> None:
    table = DATA / "queue-log-thirdlane" / "queue_log.csv"
    if not table.exists():
        pytest.skip(f"{table.name} may not be committed and is not beside this checkout")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    log = tmp_path / "queue_log"
    log.write_text("".join(f"{line_of(row)}\n" for row in rows))

    found: Counter[str] = Counter()
    for each in queue_log_frames([log], "pbx1"):
        assert isinstance(each, Frame)
        try:
            found.update(map(kind, translate(each, NAMES)))
        except UntranslatableFrame:
            found["refused"] += 1

    # Counted by the table's column `event`; one transfer has a word where its hold time is.
    verbs = Counter(row["event"] for row in rows)
    assert found["QueueEntered"] == verbs["ENTERQUEUE"] == 108
    assert found["LegConnected"] == verbs["CONNECT"] == 93
    assert found["OfferEnded"] == verbs["RINGNOANSWER"] == 360
    assert found["QueueLeft"] == verbs["ABANDON"] + verbs["EXITWITHTIMEOUT"] == 13
    assert found["AgentLoggedIn"] == 14
    assert found["AgentLoggedOut"] == 10
    assert found["SourceRestarted"] == 7
    assert found["SourceNoted"] == sum(verbs[verb] for verb in verbs if verb.startswith("OUT"))
    assert found["refused"] == verbs["BLINDTRANSFER"] == 1
