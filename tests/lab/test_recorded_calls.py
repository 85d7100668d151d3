"""51 recorded calls of a real Asterisk 13: who talked with whom, who passed on, who hung up.

What is expected was written by hand, from the names of the recordings (a calls b, b transfers
to c, and so on) and from the raw messages: who picked up (Newstate), who left the last bridge
first (BridgeLeave), the causes of Hangup. Nothing of ours was asked.
"""

import pytest

from schemas.events import encode
from schemas.facts import Fact, Leg
from tests import cacofonisk
from tests.readings import legs, states
from tests.timetable import run, terms

AGENTS = {
    "A": {"devices": ["SIP/150010001", "SIP/100060001", "SIP/150010063"]},
    "B": {"devices": ["SIP/150010002", "SIP/100060002"]},
    "C": {"devices": ["SIP/150010003"]},
    "D": {"ids": ["150010004"]},
    "E": {"devices": ["SIP/260010001"]},
}
NOBODY: list[str] = []  # trunks talk with trunks

EXPECTED = {
    "mobile/acceptance_group_pickup": NOBODY,
    "mobile/acceptance_group_reject": NOBODY,
    "mobile/acceptance_reject": NOBODY,
    "mobile/acceptance_simple": NOBODY,
    "mobile/acceptance_timeout": NOBODY,
    "mobile/simple_mobile": NOBODY,
    "originate/cmn-world-world": NOBODY,
    "originate/cmn-world-world-unaccepted": NOBODY,
    "originate/ctd-account-account": [
        "A internal answered, caller hung up",
        "B internal answered, agent hung up",
    ],
    "originate/ctd-account-account-xfer-attn-abbcac": [
        "A internal answered, agent hung up",
        "B internal answered, attended to C",
        "C internal answered, caller hung up",
    ],
    "originate/ctd-account-world": ["A out answered, caller hung up"],
    "originate/ctd-account-world-deny-a": ["A out full, agent hung up"],
    "originate/ctd-account-world-deny-b": ["A out full, caller hung up"],
    "originate/ctd-account-world-no-ringing": ["A out answered, agent hung up"],
    "originate/ctd-account-world-xfer-attn-abacbc": [
        "A out answered, attended to C",
        "C out answered, caller hung up",
    ],
    "queue/queue_a_cancel": [" in abandoned, caller hung up"],
    "queue/queue_attn_xfer": [
        "A in answered, attended to B",
        "B in answered, agent hung up",
    ],
    "queue/queue_blind_xfer": [
        "A in answered, blind to B",
        "B in answered, caller hung up",
    ],
    "queue/queue_group": ["B in answered, agent hung up", "C in withdrawn, system hung up"],
    "queue/queue_simple": ["B in answered, agent hung up", "C in timeout, system hung up"],
    "simple/a_created_no_answer": NOBODY,
    "simple/ab_a_cancel": [
        "A internal abandoned, agent hung up",
        "B internal abandoned, caller hung up",
    ],
    "simple/ab_callgroup": [
        "A internal answered, caller hung up",
        "B internal answered, agent hung up",
        "C internal withdrawn, system hung up",
    ],
    "simple/ab_callgroup_no_answer": [
        "A internal timeout, system hung up",
        "B internal full, agent hung up",
        "C internal full, agent hung up",
    ],
    "simple/ab_dnd": ["A internal full, caller hung up", "B internal full, agent hung up"],
    "simple/ab_reject": ["A internal full, caller hung up", "B internal full, agent hung up"],
    "simple/ab_success_a_hangup": [
        "A internal answered, agent hung up",
        "B internal answered, caller hung up",
    ],
    "simple/ab_success_b_hangup": [
        "A internal answered, caller hung up",
        "B internal answered, agent hung up",
    ],
    "simple/ab_success_o3": [
        "A internal answered, caller hung up",
        "B internal answered, agent hung up",
    ],
    "simple/ab_success_twoclients": [
        "A in answered, agent hung up",
        "E out answered, caller hung up",
    ],
    "var_set/user_events": ["A in answered, agent hung up", "E out answered, caller hung up"],
    "xfer_attended/xfer_abacbc": [
        "A internal answered, attended to C",
        "B internal answered, agent hung up",
        "C internal answered, caller hung up",
    ],
    "xfer_attended/xfer_abbcac": [
        "A internal answered, caller hung up",
        "B internal answered, attended to C",
        "C internal answered, agent hung up",
    ],
    "xfer_attended/xfer_abbcac_anon": [
        "A in answered, attended to C",
        "C in answered, agent hung up",
    ],
    # Both calls were a's: b had called him, then c, whom he passed to b.
    "xfer_attended/xfer_abcbac": [
        "A internal answered, agent hung up",
        "A internal answered, attended to B",
        "B internal answered, caller hung up",
        "C internal answered, agent hung up",
    ],
    # Nobody answers whom it was passed to: the dial plan gives up, cause 19.
    "xfer_blind/xfer_blind_a_no_answer": [
        "A internal answered, blind to 203",
        "B internal answered, system hung up",
        "C internal timeout, system hung up",
    ],
    "xfer_blind/xfer_blind_abacbc": [
        "A internal answered, blind to C",
        "B internal answered, agent hung up",
        "C internal answered, caller hung up",
    ],
    "xfer_blind/xfer_blind_abbcac": [
        "A internal answered, agent hung up",
        "B internal answered, blind to C",
        "C internal answered, caller hung up",
    ],
    "xfer_blind/xfer_blind_b_no_answer": [
        "A internal answered, system hung up",
        "B internal answered, blind to 203",
        "C internal timeout, system hung up",
    ],
    "xfer_blind/xfer_blind_group": [
        "A in answered, blind to C",
        "B in withdrawn, system hung up",
        "C in answered, agent hung up",
    ],
    "xfer_blind/xfer_blind_group_no_answer": [
        "A in answered, blind to 401",
        "D in timeout, system hung up",
    ],
    "xfer_blind/xfer_blind_reject": [
        "A internal answered, system hung up",
        "B internal answered, blind to 203",
        "C internal full, agent hung up",
    ],
    "xfer_blonde/xfer_blonde_abacbc": [
        "A internal answered, attended to C",
        "B internal answered, agent hung up",
        "C internal answered, caller hung up",
    ],
    "xfer_blonde/xfer_blonde_abbcac": [
        "A in answered, attended to B",
        "B in answered, caller hung up",
    ],
    "xfer_blonde/xfer_blonde_group_a": [
        "A out answered, attended to B",
        "B out answered, agent hung up",
        "C out withdrawn, system hung up",
    ],
    "xfer_blonde/xfer_blonde_group_b": [
        "A in answered, attended to B",
        "B in answered, agent hung up",
        "C in withdrawn, system hung up",
    ],
    "xfer_blonde/xfer_blonde_reject": [
        "A in answered, attended to 202",
        "B in full, agent hung up",
    ],
    "xfer_misc/call_forwarding": [
        "A in withdrawn, system hung up",
        "B in answered, caller hung up",
    ],
    "xfer_misc/call_forwarding_to_group": [
        "A in withdrawn, system hung up",
        "B in withdrawn, system hung up",
        "C in answered, agent hung up",
    ],
    "xfer_misc/sip_pickup": [
        "A internal answered, caller hung up",
        "B internal withdrawn, system hung up",
        "C internal answered, agent hung up",
    ],
    "xfer_misc/star_pickup": [
        "A internal answered, caller hung up",
        "B internal withdrawn, system hung up",
        "C internal answered, agent hung up",
    ],
}


def told(name: str) -> list[dict[str, str]]:
    path = cacofonisk.path_of(name)
    if path is None:
        pytest.skip(f"{name} is not committed, and not beside this checkout")
    return cacofonisk.messages(path)


def folded(messages: list[dict[str, str]]) -> list[Fact]:
    log = [encode(event) for event in cacofonisk.translated(messages)]
    return run(log, terms(agents=AGENTS))[1]


def said(leg: Leg) -> str:
    begun = f"{leg.agent_id} {leg.direction} {leg.outcome}"
    if leg.transfer_kind:
        assert leg.ended_by == "agent"
        return f"{begun}, {leg.transfer_kind} to {leg.transferred_to}"
    return f"{begun}, {leg.ended_by} hung up"


def test_every_recording_has_its_expectation() -> None:
    if not cacofonisk.ALL.exists():
        pytest.skip("the recordings of cacofonisk are not beside this checkout")
    found = {
        str(path.relative_to(cacofonisk.ALL).with_suffix(""))
        for path in cacofonisk.ALL.rglob("*.json")
    }

    assert found == set(EXPECTED)
    assert len(found) == 51  # its README


@pytest.mark.parametrize("name", EXPECTED)
def test_final_party_kind_of_transfer_and_hang_up_side(name: str) -> None:
    found = legs(folded(told(name)))

    assert sorted(said(leg) for leg in found) == sorted(EXPECTED[name])
    assert {leg.clock for leg in found if not leg.queue_id} <= {"source"}


@pytest.mark.parametrize("name", [name for name in EXPECTED if "xfer" in name])
def test_a_transferred_call_is_one_contact(name: str) -> None:
    found = legs(folded(told(name)))

    assert len({leg.interaction_id for leg in found}) == 1


@pytest.mark.parametrize("name", EXPECTED)
def test_nobody_is_busy_when_all_is_over(name: str) -> None:
    facts = folded(told(name))

    for agent in AGENTS:
        for one in states(facts, agent):
            assert one.ended_at is not None
            assert one.state in ("reserved", "talking")


def queue_messages(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put back what the recorder left out: the words of app_queue about `queue_attn_xfer`.

    A queue dials a Local channel for its member; all of it as Asterisk 13 writes and orders it.
    """
    caller = next(each for each in messages if each["Event"] == "Newchannel")
    first = {key: caller[key] for key in ("Channel", "Uniqueid", "Linkedid")}
    about = {**first, "Queue": "desk", "Position": "1", "Count": "1"}
    complete: list[dict[str, str]] = []
    for message in messages:
        complete.append(message)
        at = {"Timestamp": message["Timestamp"][:-1] + "1"}
        match message["Event"], message.get("Channel", ""), message.get("ChannelState"):
            case "Newstate", channel, "6" if channel == caller["Channel"]:
                complete.append({"Event": "QueueCallerJoin", **about, **at})
            case "DialBegin", channel, _ if channel == caller["Channel"]:
                complete.append({"Event": "AgentCalled", **about, **at, **_member(message)})
            case "DialEnd", channel, _ if channel == caller["Channel"]:
                complete.append({"Event": "QueueCallerLeave", **about, **at})
                done = {"HoldTime": "6", "RingTime": "4"}
                connect = {"Event": "AgentConnect", **about, **at, **_member(message), **done}
                complete.append(connect)
            case "AttendedTransfer", _, _:
                done = {"HoldTime": "6", "TalkTime": "17", "Reason": "transfer"}
                member = {"MemberName": "A", "Interface": "Local/ID730150@route/n"}
                complete.append({"Event": "AgentComplete", **about, **at, **member, **done})
            case _:
                pass
    return complete


def _member(dial: dict[str, str]) -> dict[str, str]:
    return {
        "DestChannel": dial["DestChannel"],
        "DestUniqueid": dial["DestUniqueid"],
        "MemberName": "A",
        "Interface": "Local/ID730150@route/n",
    }


def test_a_queues_own_words_and_those_of_the_phones_are_one_story() -> None:
    messages = queue_messages(told("queue/queue_attn_xfer"))
    assert [each["Event"] for each in messages].count("AgentConnect") == 1

    queued, direct = legs(folded(messages))

    assert (queued.queue_id, said(queued)) == ("desk", "A in answered, attended to B")
    assert (direct.queue_id, said(direct)) == ("", "B in answered, agent hung up")
    assert queued.interaction_id == direct.interaction_id
    assert queued.ended_at is not None
    assert direct.answered_at is not None
    assert direct.answered_at < queued.ended_at  # he was asked before he got the caller
