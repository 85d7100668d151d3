"""Sessions of Asterisk 16 to 22 that no recording at hand shows, made up message by message.

In each, what is expected follows from who left the last bridge first and from the causes of the
hang-ups, as in `test_recorded_calls`.
"""

from tests.manager_session import CALLED, HUNG_UP, how, said, told
from tests.readings import legs, states
from tests.timetable import moment


def test_channels_that_the_pbx_makes_for_itself_are_nobodys_calls() -> None:
    redirected = """
        09:00:30  new    AsyncGoto/PJSIP/101-2 exten=800
        09:00:30  out    PJSIP/101-2 b1
        09:00:30  named  AsyncGoto/PJSIP/101-2 AsyncGoto/PJSIP/101-2<ZOMBIE>
        09:00:30  gone   AsyncGoto/PJSIP/101-2<ZOMBIE>
        09:00:30  out    PJSIP/line-1 b1
        09:00:30  gone   PJSIP/line-1
        09:00:50  gone   PJSIP/101-2
    """
    fetched = """
        09:00:30  new    Surrogate/PJSIP/101-2 of=PJSIP/line-1
        09:00:30  named  Surrogate/PJSIP/101-2 Surrogate/PJSIP/101-2<ZOMBIE>
        09:00:30  gone   Surrogate/PJSIP/101-2<ZOMBIE>
    """
    announced = """
        09:00:30  new    CBAnn/101-3;1
        09:00:30  new    CBAnn/101-3;2 of=CBAnn/101-3;1
        09:00:30  up     CBAnn/101-3;1
        09:00:30  in     CBAnn/101-3;2 conference
        09:00:40  gone   CBAnn/101-3;1
        09:00:40  gone   CBAnn/101-3;2
    """

    assert how(CALLED + redirected) == ["Anna in answered, agent hung up"]
    assert how(CALLED + fetched + HUNG_UP) == ["Anna in answered, agent hung up"]
    assert how(CALLED + announced + HUNG_UP) == ["Anna in answered, agent hung up"]


CLICKED = """
    09:00:00.0  new     Local/7@click-1;1 exten=7
    09:00:00.0  new     Local/7@click-1;2 of=Local/7@click-1;1
    09:00:01.0  new     PJSIP/101-2 of=Local/7@click-1;1
    09:00:01.2  rings   PJSIP/101-2
    09:00:04.0  up      PJSIP/101-2
    09:00:04.0  dialled Local/7@click-1;2 PJSIP/101-2 ANSWER
    09:00:04.0  in      PJSIP/101-2 b1
    09:00:04.0  in      Local/7@click-1;2 b1
    09:00:04.3  new     Local/2025550101@out-3;1 of=Local/7@click-1;1
    09:00:04.3  new     Local/2025550101@out-3;2 of=Local/7@click-1;1
    09:00:04.4  new     PJSIP/line-4 of=Local/7@click-1;1
"""


def test_a_click_goes_on_when_the_channel_that_began_it_is_optimised_away() -> None:
    facts = told(
        CLICKED
        + """
        09:00:05.0  rings   PJSIP/line-4
        09:00:13.0  up      PJSIP/line-4
        09:00:13.0  dialled Local/2025550101@out-3;2 PJSIP/line-4 ANSWER
        09:00:13.0  in      PJSIP/line-4 b2
        09:00:13.0  in      Local/2025550101@out-3;2 b2
        09:00:13.0  in      Local/7@click-1;1 b3
        09:00:13.1  out     PJSIP/line-4 b2
        09:00:13.1  in      PJSIP/line-4 b3
        09:00:13.1  gone    Local/2025550101@out-3;2
        09:00:13.1  gone    Local/2025550101@out-3;1
        09:00:13.2  out     PJSIP/101-2 b1
        09:00:13.2  out     Local/7@click-1;1 b3
        09:00:13.2  in      PJSIP/101-2 b3
        09:00:13.2  gone    Local/7@click-1;1
        09:00:13.2  gone    Local/7@click-1;2
        09:02:33.0  out     PJSIP/101-2 b3
        09:02:33.0  out     PJSIP/line-4 b3
        09:02:33.1  gone    PJSIP/line-4
        09:02:33.1  gone    PJSIP/101-2
    """
    )

    (leg,) = legs(facts)
    assert said(leg) == "Anna out answered, agent hung up"
    assert (leg.entered_at, leg.answered_at, leg.ended_at, leg.talk_ms) == (
        moment("09:00:01"), moment("09:00:13"), moment("09:02:33"), 140_000,
    )  # fmt: skip
    assert [(each.state, each.started_at, each.ended_at) for each in states(facts, "Anna")] == [
        ("reserved", moment("09:00:01.2"), moment("09:00:04")),
        ("talking", moment("09:00:04"), moment("09:02:33")),
    ]


def test_a_number_that_is_none_has_not_rung_out_whatever_the_dialling_says() -> None:
    """The trunk answers 404 at once: DialEnd calls it NOANSWER, and the agent is let go."""
    refused = """
        09:00:04.5  asks    PJSIP/line-4 cause=1 TechCause=404
        09:00:04.5  dialled Local/2025550101@out-3;2 PJSIP/line-4 NOANSWER
        09:00:04.5  gone    PJSIP/line-4 cause=1 TechCause=404
        09:00:04.5  gone    Local/2025550101@out-3;2 cause=1
        09:00:04.5  gone    Local/2025550101@out-3;1 cause=1
        09:00:04.6  gone    Local/7@click-1;1 cause=17
        09:00:04.6  out     Local/7@click-1;2 b1
        09:00:04.6  out     PJSIP/101-2 b1
        09:00:04.6  gone    PJSIP/101-2 cause=16
        09:00:04.6  gone    Local/7@click-1;2 cause=17
    """

    assert how(CLICKED + refused) == ["Anna out system, system hung up"]


def test_a_ringing_behind_a_local_channel_that_a_colleague_picks_up_is_his() -> None:
    picked_up = """
        09:00:00  new     PJSIP/line-1 num=2025550101 exten=600
        09:00:00  new     Local/101@phones-2;1 of=PJSIP/line-1
        09:00:00  new     Local/101@phones-2;2 of=PJSIP/line-1
        09:00:01  new     PJSIP/101-3 of=PJSIP/line-1
        09:00:01  rings   PJSIP/101-3
        09:00:05  new     PJSIP/102-4 num=102 exten=*8
        09:00:05  up      PJSIP/102-4
        09:00:05  dialled Local/101@phones-2;2 PJSIP/101-3 CANCEL
        09:00:05  says    Pickup PJSIP/102-4
        09:00:05  dialled Local/101@phones-2;2 PJSIP/102-4 ANSWER
        09:00:05  gone    PJSIP/101-3 cause=26
        09:00:05  in      PJSIP/102-4 b1
        09:00:05  up      PJSIP/line-1
        09:00:05  joins   PJSIP/102-4 PJSIP/line-1
        09:00:05  in      Local/101@phones-2;2 b1
        09:00:05  in      PJSIP/line-1 b2
        09:00:05  out     PJSIP/102-4 b1
        09:00:05  in      PJSIP/102-4 b2
        09:00:05  gone    Local/101@phones-2;2
        09:00:05  gone    Local/101@phones-2;1
        09:00:45  out     PJSIP/102-4 b2
        09:00:45  gone    PJSIP/102-4
        09:00:45  out     PJSIP/line-1 b2
        09:00:45  gone    PJSIP/line-1
    """

    assert how(picked_up) == [
        "Anna in withdrawn, system hung up",
        "Boris in answered, agent hung up",
    ]


def test_a_ringing_phone_that_sends_its_call_on_has_not_rung_out() -> None:
    sent_on = """
        09:00:00  new     PJSIP/line-1 num=2025550101 exten=600
        09:00:01  new     PJSIP/101-2 of=PJSIP/line-1
        09:00:01  rings   PJSIP/101-2
        09:00:04  new     Local/102@forward-3;1 of=PJSIP/line-1
        09:00:04  new     Local/102@forward-3;2 of=PJSIP/line-1
        09:00:04  dialled PJSIP/line-1 PJSIP/101-2 CANCEL Forward=102@forward
        09:00:04  gone    PJSIP/101-2
        09:00:05  new     PJSIP/102-4 of=PJSIP/line-1
        09:00:09  up      PJSIP/102-4
        09:00:09  in      PJSIP/102-4 b1
        09:00:09  in      PJSIP/line-1 b1
        09:00:50  out     PJSIP/102-4 b1
        09:00:50  gone    PJSIP/102-4
        09:00:50  out     PJSIP/line-1 b1
        09:00:50  gone    PJSIP/line-1
    """

    assert how(sent_on) == [
        "Anna in withdrawn, system hung up",
        "Boris in answered, agent hung up",
    ]
