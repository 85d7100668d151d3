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
