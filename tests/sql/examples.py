"""Facts and events of one invented morning, each with only what a test cares about changed."""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from schemas.events import (
    Event,
    QueueEntered,
    QueueEnteredData,
    SourceHeartbeat,
    SourceHeartbeatData,
)
from schemas.facts import (
    AgentInterval,
    AgentSession,
    Break,
    DayDirty,
    Fact,
    Leg,
    Offer,
    Rejected,
    Review,
    TeamSample,
    Violation,
    WallSample,
)

MORNING = int(datetime(2026, 2, 3, 9, tzinfo=UTC).timestamp() * 1000)
_KNOWN: dict[str, Any] = {
    "tenant": "demo",
    "domain": "demo",
    "revision": 1,
    "known_at": MORNING + 50,
    "voided": False,
}


def leg(number: int = 0, **changes: Any) -> Leg:
    entered_at = MORNING + number * 10_000
    made = Leg(
        **_KNOWN, leg_id=f"leg{number:013}", first_second=entered_at // 1000, source="pbx1",
        interaction_id=f"call{number // 2}", queue_id="support", channel="voice",
        direction="in", caller_key="", priority=0, entered_at=entered_at,
        answered_at=entered_at + 7_000, left_at=entered_at + 7_000,
        ended_at=entered_at + 90_000,
        outcome="answered", wait_ms=7_000, ring_ms=2_000, talk_ms=83_000, hold_ms=None,
        wrapup_ms=None, agent_id="Anna Petrova", ended_by="caller", transferred_to="",
        transfer_kind="", offers=1, answer_within_ms=20_000, short_abandon_ms=5_000,
        clock="source",
    )  # fmt: skip
    return replace(made, **changes)


def waiting_leg(number: int = 0, **changes: Any) -> Leg:
    unknown = dict.fromkeys(
        ("answered_at", "left_at", "ended_at", "wait_ms", "ring_ms", "talk_ms"), None
    )
    words = {"outcome": "waiting", "agent_id": "", "ended_by": "", "offers": 0}
    return leg(number, **{**unknown, **words, **changes})


def offer(number: int = 0, **changes: Any) -> Offer:
    started_at = MORNING + number * 10_000 + 5_000
    made = Offer(
        **_KNOWN, offer_id=f"offer{number:011}", leg_id=f"leg{number:013}",
        interaction_id=f"call{number // 2}", source="pbx1", queue_id="support",
        agent_id="Anna Petrova", started_at=started_at, ended_at=started_at + 2_000,
        result="answered", ring_ms=2_000,
    )  # fmt: skip
    return replace(made, **changes)


def session(number: int = 0, **changes: Any) -> AgentSession:
    made = AgentSession(
        **_KNOWN, agent_id=f"agent {number}", source="pbx1", logged_in_at=MORNING,
        logged_out_at=None,
    )  # fmt: skip
    return replace(made, **changes)


def interval(number: int = 0, **changes: Any) -> AgentInterval:
    started_at = MORNING + number * 10_000
    made = AgentInterval(
        **_KNOWN, agent_id="Anna Petrova", state="talking", reason="", started_at=started_at,
        ended_at=started_at + 9_000, duration_ms=9_000,
    )  # fmt: skip
    return replace(made, **changes)


def pause(number: int = 0, **changes: Any) -> Break:
    started_at = MORNING + number * 10_000
    made = Break(
        **_KNOWN, agent_id="Anna Petrova", reason="lunch", started_at=started_at,
        ended_at=started_at + 9_000, duration_ms=9_000,
    )  # fmt: skip
    return replace(made, **changes)


def wall_sample(number: int = 0, **changes: Any) -> WallSample:
    made = WallSample(
        **_KNOWN, at=MORNING + number * 5_000, origin="live", queue_id="support", waiting=0,
        longest_wait_ms=None, waiting_over_target=0, talking=2, answered_5m=0,
        answered_in_time_5m=0, abandoned_5m=0, short_abandoned_5m=0, service_level_5m=None,
        answered_30m=4, answered_in_time_30m=3, abandoned_30m=0, short_abandoned_30m=0,
        service_level_30m=0.75,
    )  # fmt: skip
    return replace(made, **changes)


def team_sample(number: int = 0, **changes: Any) -> TeamSample:
    made = TeamSample(
        **_KNOWN, at=MORNING + number * 5_000, origin="live", team="support", logged_in=3,
        ready=1, reserved=0, talking=2, holding=0, wrapup=0, not_ready=0, occupancy_30m=0.5,
    )  # fmt: skip
    return replace(made, **changes)


def violation(number: int = 0, **changes: Any) -> Violation:
    fired_at = MORNING + number * 60_000
    made = Violation(
        **_KNOWN, episode_id=f"episode{number:09}", code="late_return",
        agent_id="Anna Petrova", queue_id="", team="support", severity="warning",
        state="resolved", pending_at=fired_at - 60_000, fired_at=fired_at,
        cleared_at=fired_at + 30_000, about="break of 1770109200000", rule_version="0123",
        thresholds='{"grace_ms":60000}', evidence='{"events":["0001"]}',
    )  # fmt: skip
    return replace(made, **changes)


def review(number: int = 0, **changes: Any) -> Review:
    made = Review(
        **_KNOWN, review_id=f"review{number:010}", episode_id="episode000000000",
        verdict="acknowledged", author="Maria", reason="spoke to her",
        decided_at=MORNING + 90_000 + number * 1_000,
    )  # fmt: skip
    return replace(made, **changes)


def rejected(number: int = 0, **changes: Any) -> Rejected:
    made = Rejected(
        **_KNOWN, source="pbx1", feed="ami", reason="unreadable", detail="no such header",
        content=b"Event: \xff\xfe\x00 %d" % number,
    )  # fmt: skip
    return replace(made, **changes)


def dirty_day(day: str = "2026-02-02", **changes: Any) -> DayDirty:
    return replace(DayDirty(**_KNOWN, day=day), **changes)


def facts_of_each_kind(number: int = 0) -> list[Fact]:
    kinds = (
        leg, offer, session, interval, pause, wall_sample, team_sample, rejected, violation,
        review,
    )  # fmt: skip
    return [*(make(number) for make in kinds), dirty_day()]


def entered(number: int = 0, **changes: Any) -> QueueEntered:
    at = moment(MORNING + number * 1_000)
    made = QueueEntered(
        id=f"{number:016x}", source="pbx1", time=at, tenant="demo", domain="demo", feed="ami",
        sequence=number, recordedtime=at,
        data=QueueEnteredData(
            channel_id=f"1770109200.{number}", interaction_id=f"call{number}",
            queue_id="support", position=1,
        ),
    )  # fmt: skip
    return replace(made, **changes)


def heartbeat(number: int = 0, **changes: Any) -> Event:
    at = moment(MORNING + number * 1_000)
    made = SourceHeartbeat(
        id=f"heartbeat:pbx1:{number}", source="pbx1", time=at, tenant="demo", domain="demo",
        feed="ami", sequence=number, recordedtime=at, data=SourceHeartbeatData(skew_ms=-3),
    )  # fmt: skip
    return replace(made, **changes)


def moment(ms: int) -> str:
    text = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms % 1000:03}Z"


LATE = """
    08:00 beat
    09:10 login Anna sales
    10:10 logout Anna sales
    11:00 beat
"""
