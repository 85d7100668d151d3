"""The months of the Anonymous Bank: who has how many short calls, counted from the file alone.

Columns: data/anonymous-bank/README.md. A call counts where an agent is named and the service
has times. Nothing in the file says who hung up.
"""

import gzip
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "anonymous-bank"


@dataclass(frozen=True)
class Served:
    """One served call: `day` as YYMMDD, when the service began (text), its length [s]."""

    agent: str
    day: str
    begun: str
    seconds: int


def served(month: str) -> list[Served]:
    """Read the calls that an agent served in a month."""
    text = gzip.decompress((FOLDER / f"{month}.txt.gz").read_bytes()).decode("ascii")
    found = []
    for line in text.splitlines()[1:]:
        cells = [cell.strip() for cell in line.split("\t")]
        day, outcome, start, end, seconds, agent = (
            cells[5], cells[12], cells[13], cells[14], cells[15], cells[16],
        )  # fmt: skip
        has_times = start != "0:00:00" and end != "0:00:00"
        if outcome == "AGENT" and agent != "NO_SERVER" and has_times:
            found.append(Served(agent, day, start, int(seconds)))
    return found


def shares(calls: list[Served]) -> tuple[dict[str, float], float, dict[str, int]]:
    """Return each agent's share of calls under 10 s, that of all together, and their calls."""
    count = Counter(each.agent for each in calls)
    short = Counter(each.agent for each in calls if each.seconds < 10)
    return (
        {agent: short[agent] / count[agent] for agent in count},
        short.total() / count.total(),
        dict(count),
    )


HOUR = 3_600


def second_of_its_end(call: Served) -> int:
    """Return when a call ended, in seconds of a count that grows with the days of a month."""
    hour, minute, second = map(int, call.begun.split(":"))
    return int(call.day[4:]) * 86_400 + hour * 3_600 + minute * 60 + second + call.seconds


def last_hours(calls: list[Served]) -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """Return, at the end of each call, what its agent and all together did in the last hour.

    By agent and second: his calls and short ones, and those of all, his own among them.
    """
    ended = sorted((second_of_its_end(call), call.agent, call.seconds < 10) for call in calls)
    found = {}
    first = 0
    for place, (at, agent, _) in enumerate(ended):
        while ended[first][0] <= at - HOUR:
            first += 1
        last = place + 1
        while last < len(ended) and ended[last][0] == at:
            last += 1
        hour = ended[first:last]
        own = [short for _, whose, short in hour if whose == agent]
        found[agent, at] = len(own), sum(own), len(hour), sum(short for *_, short in hour)
    return found
