"""Short calls of two real months: who stands out is who the file says, and nobody else."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schemas.discipline import Discipline, PageBudget
from schemas.facts import Leg, Violation
from stream_processors.core.discipline.clerk import Clerk
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.held import Always, Held
from stream_processors.core.discipline.sitting import Sitting
from tests.oracles import bank

pytestmark = pytest.mark.skipif(
    not bank.FOLDER.exists(), reason=f"{bank.FOLDER.name} is not beside this checkout"
)
ZONE = "Asia/Jerusalem"
RULES = Discipline()


class Bench:
    """One team, one clock, the rules as they are by default."""

    tenant = domain = "bank"
    zone = ZONE

    def __init__(self) -> None:
        self.now = 0

    def source_name(self, agent_id: str) -> str:
        """Return the one that there is."""
        return "bank"

    def clock(self, agent_id: str) -> int:
        """Return the time set by hand."""
        return self.now

    def latest(self) -> int:
        """Return the time set by hand."""
        return self.now

    def remind(self, agent_id: str, at: int) -> None:
        """Do nothing: who is to be looked at is told by hand."""

    def stays(self, queue_id: str, since: int) -> tuple[()]:
        """Return nobody: the file has no offers that anybody missed."""
        return ()

    def served(self, agent_id: str, since: int) -> tuple[()]:
        """Return nothing: the file knows one queue and no members."""
        return ()

    def shifts(self, agent_id: str) -> tuple[()]:
        """Return nothing: nothing was planned."""
        return ()

    def heard_since(self, agent_id: str) -> int:
        """Return the beginning of all time."""
        return 0

    def rules(self, agent_id: str, team: str) -> Held:
        """Return the rules with their defaults."""
        return Always(RULES)

    def budget(self, at: int) -> PageBudget:
        """Return the default budget."""
        return RULES.budget


def leg(place: int, call: bank.Served) -> Leg:
    hour, minute, second = map(int, call.begun.split(":"))
    day = datetime(1900 + int(call.day[:2]), int(call.day[2:4]), int(call.day[4:]),
                   tzinfo=ZoneInfo(ZONE))  # fmt: skip
    start = round(day.replace(hour=hour, minute=minute, second=second).timestamp() * 1000)
    end = start + call.seconds * 1000
    return Leg(
        "bank", "bank", place, end, False, f"{call.day}-{place}", start // 1000, "bank", "",
        "bank", "voice", "in", "", 0, start, start, start, end, "answered", 0, None,
        call.seconds * 1000, None, None, call.agent, "unknown", "", "", 1, 20_000, 5_000,
        "source",
    )  # fmt: skip


def judged(month: str, after: str, about: str) -> list[Violation]:
    """Return the episodes of a month that are about the month, or a call."""
    bench = Bench()
    docket = Docket()
    clerk = Clerk(docket, bench)
    legs = [leg(place, call) for place, call in enumerate(bank.served(month))]
    for each in sorted(legs, key=lambda one: one.ended_at or 0):
        clerk.write_leg(each, "bank")
    bench.now = round(datetime.fromisoformat(after).timestamp() * 1000)
    for agent in {call.agent for call in bank.served(month)}:
        clerk.look(agent)
    return [
        each
        for each in Sitting(docket, bench, 1, 1).facts(clerk.touched)
        if each.code == "short_call" and each.about.startswith(about)
    ]


@pytest.mark.parametrize(
    ("month", "after", "who"),
    [
        ("january", "1999-02-01T00:00:01+02:00", {"MORIAH", "MIKI", "ANAT"}),
        ("february", "1999-03-01T00:00:01+02:00", {"MORIAH", "MIKI", "ANAT"}),
    ],
)
def test_those_stand_out_whose_share_is_more_than_twice_the_teams(
    month: str, after: str, who: set[str]
) -> None:
    own, team, count = bank.shares(bank.served(month))
    stands_out = {
        agent for agent, share in own.items() if count[agent] >= 100 and share > 2 * team
    }

    found = judged(month, after, "month of")

    assert {each.agent_id for each in found} == stands_out == who
    for each in found:
        evidence = msgspec.json.decode(each.evidence)
        assert evidence["share"] == round(own[each.agent_id], 4)
        assert evidence["team_share"] == round(team, 4)
        assert evidence["note"] == "nobody told who hung up"
        assert each.severity == "warning"


@pytest.mark.parametrize(
    ("month", "after", "episodes", "who", "once"),
    [
        (
            "january", "1999-02-01T00:00:01+02:00", 13,
            {"MORIAH", "MIKI", "ANAT", "MICHAL", "NAAMA", "SHARON"}, {"SHARON"},
        ),
        (
            "february", "1999-03-01T00:00:01+02:00", 17,
            {"MORIAH", "MIKI", "ANAT", "MICHAL", "TOVA", "GILI", "BENSION", "STEREN"},
            {"BENSION", "STEREN"},
        ),
    ],
)  # fmt: skip
def test_within_an_hour_nobody_is_named_at_or_below_the_teams_share(
    month: str, after: str, episodes: int, who: set[str], once: set[str]
) -> None:
    """Those whose share of the whole month is not above the team's are named for one hour."""
    own, team, _ = bank.shares(bank.served(month))
    hours = bank.last_hours(bank.served(month))

    found = judged(month, after, "call ")

    assert len(found) == episodes
    named = Counter(each.agent_id for each in found)
    assert named.keys() == who
    assert {agent for agent in named if own[agent] <= team} == once
    assert {named[agent] for agent in once} == {1}
    for each in found:
        evidence = msgspec.json.decode(each.evidence)
        assert each.fired_at is not None
        at = datetime.fromtimestamp(each.fired_at / 1000, ZoneInfo(ZONE))
        second = at.day * 86_400 + at.hour * 3_600 + at.minute * 60 + at.second
        calls, short, of_all, short_of_all = hours[each.agent_id, second]
        others, short_of_others = of_all - calls, short_of_all - short
        assert short >= 5
        assert min(calls, others) >= 20
        assert short / calls > 3 * short_of_others / others
        assert short / calls > short_of_all / of_all
        assert (evidence["calls"], evidence["share"]) == (calls, round(short / calls, 4))
        assert evidence["others_share"] == round(short_of_others / others, 4)
        assert each.severity == "warning"
