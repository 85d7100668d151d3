"""A call whose beginning was lost still waits: time passes over it, and the fold goes on."""

from tests.readings import legs
from tests.timetable import run, terms, values


def test_a_caller_of_whom_only_a_ringing_is_known_waits_and_holds_nothing_up() -> None:
    state, facts = run(
        values("""
            09:00:00  ring a sales Anna
            09:00:05  miss a sales Anna
            09:00:10  ring a sales Boris
            09:10:00  beat
            13:00:01  beat
        """),
        terms(),
    )

    assert [(leg.outcome, leg.clock) for leg in legs(facts)] == [("system", "estimated")]
    assert state.sources["pbx1"].deadlines == []
