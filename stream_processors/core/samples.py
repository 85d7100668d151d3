"""What the wall shows at an instant, as rows for the history."""

from schemas.facts import Origin, TeamSample, WallSample
from stream_processors.core.queues import Queue
from stream_processors.core.state import State
from stream_processors.core.teams import Team
from stream_processors.core.windows import WINDOWS


def wall_sample(
    state: State, queue: Queue, at: int, origin: Origin, revision: int, known_at: int
) -> WallSample:
    """Return the figures of a queue at an instant [ms]; all events up to it are applied."""
    short, long = queue.counts(at - WINDOWS["5m"], at - WINDOWS["30m"], at)
    return WallSample(
        state.tenant,
        state.domain,
        revision,
        known_at,
        False,  # voided
        at,
        origin,
        queue.queue_id,
        len(queue.waiting),
        queue.longest_wait_ms(at),
        queue.waiting_over_target(at),
        len(queue.talking),
        short[0],  # answered_5m
        short[1],  # answered_in_time_5m
        short[2],  # abandoned_5m
        short[3],  # short_abandoned_5m
        short[1] / short[4] if short[4] else None,  # service_level_5m
        long[0],  # answered_30m
        long[1],  # answered_in_time_30m
        long[2],  # abandoned_30m
        long[3],  # short_abandoned_30m
        long[1] / long[4] if long[4] else None,  # service_level_30m
    )


def team_sample(
    state: State, team: Team, at: int, origin: Origin, revision: int, known_at: int
) -> TeamSample:
    """Return how many of a team's people are in each state at an instant [ms]."""
    now = team.states
    return TeamSample(
        tenant=state.tenant,
        domain=state.domain,
        revision=revision,
        known_at=known_at,
        voided=False,
        at=at,
        origin=origin,
        team=team.team,
        logged_in=sum(now.values()),
        ready=now.get("ready", 0),
        reserved=now.get("reserved", 0),
        talking=now.get("talking", 0),
        holding=now.get("holding", 0),
        wrapup=now.get("wrapup", 0),
        not_ready=now.get("not_ready", 0),
        occupancy_30m=team.occupancy(at - WINDOWS["30m"], at),
    )
