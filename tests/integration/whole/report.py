"""What was done to an installation, and what came of it."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.integration.whole.centre import Centre
from tests.integration.whole.doubling import records_of
from tests.integration.whole.expected import expecting
from tests.integration.whole.offsets import catch_up, fall_silent
from tests.oracles.told import ami_heard, lines_kept, said_twice

LEAST_BETWEEN = 0.25
"""Of the kills that can fall between an output and its offset, so many have to."""

KILLS = frozenset({"adapter", "worker", "sink", "broker"})


@dataclass(frozen=True)
class Blow:
    """One thing that was done to an installation, and whether it fell between."""

    what: str
    at_seconds: float
    between: bool | None = None

    @property
    def is_kill(self) -> bool:
        """Whether a process was killed."""
        return self.what in KILLS


@dataclass
class Report:
    """What was done, and what came out.

    Attributes:
        ends_when_full: how often an adapter ended because its journal could not grow.
        said_again: messages that a PBX said twice on purpose; its journal held them before.
        written_again: records of `events` that were written twice on purpose.
        events: that follow from the journals.
        lost: of these, what is not stored; lines of the queue logs that no journal holds; and
            messages of the PBXs that are missing where no journal tells of a gap.
        doubled: rows of one record twice, of no event, or read twice by whoever asks FINAL.
        kept_twice: messages and lines that a journal holds more often than they were said.
        records: of `events`, all of which have been folded and stored.
        lines: of the queue logs.
        heard: messages about queues that journals hold.
        in_gaps: such messages that were said during gaps, and of which the journals tell.
        unequal: tenants whose digest is another.
    """

    seed: int
    blows: list[Blow] = field(default_factory=list)
    ends_when_full: int = 0
    said_again: int = 0
    written_again: int = 0
    events: int = 0
    lost: int = 0
    doubled: int = 0
    kept_twice: int = 0
    records: int = 0
    lines: int = 0
    heard: int = 0
    in_gaps: int = 0
    unequal: list[str] = field(default_factory=list)

    def count(self, what: str) -> int:
        """Return how often something was done."""
        return sum(each.what == what for each in self.blows)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(each.is_kill for each in self.blows)

    @property
    def counts(self) -> bool:
        """Whether enough kills fell where they could do harm, and what was doubled came in."""
        judged = [each.between for each in self.blows if each.between is not None]
        enough = bool(judged) and sum(judged) >= LEAST_BETWEEN * len(judged)
        return enough and self.records - self.events >= self.written_again

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or concluded otherwise."""
        return not (self.lost or self.doubled or self.kept_twice or self.unequal)

    def __str__(self) -> str:
        judged = [each.between for each in self.blows if each.between is not None]
        kills = [each.what for each in self.blows if each.is_kill]
        others = [each.what for each in self.blows if not each.is_kill]
        return (
            f"seed {self.seed}: {len(kills)} kills ({_counted(kills)}) and {len(others)} "
            f"disturbances ({_counted(others)}); {sum(judged)} of {len(judged)} "
            f"between a written output and its committed offset; {self.ends_when_full} ends on "
            f"a full disk; {self.said_again} messages said and {self.written_again} records "
            f"written again on purpose; {self.lines} lines of queue logs and {self.heard} "
            f"messages of queues kept, {self.in_gaps} said in noted gaps; {self.events} events "
            f"in {self.records} records: "
            f"{self.lost} lost, {self.doubled} doubled, {self.kept_twice} kept twice; digests "
            f"{'equal' if not self.unequal else 'unequal: ' + ', '.join(self.unequal)}"
        )


def _counted(what: Sequence[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(what).items()))


def judge(centre: Centre, report: Report) -> Report:
    """Let a centre end; compare what it stored with what follows from the journals.

    And these with what was said. What follows is computed while the workers and the sink are
    still at work: of adapters that have stopped.
    """
    with expecting(centre.folder, centre.tenants) as compute:
        fall_silent(centre)
        with ThreadPoolExecutor() as beside:
            computed = beside.submit(compute)
            catch_up(centre)
    found = {tenant: centre.digest(tenant) for tenant in centre.tenants}
    for tenant, wanted in computed.result().items():
        rows = centre.event_rows(tenant)
        stored = {row[0] for row in rows}
        report.events += len(wanted.ids)
        report.lost += len(set(wanted.ids) - stored)
        report.doubled += len(rows) - len(set(rows)) + len(stored - set(wanted.ids))
        report.doubled += centre.events_read(tenant) - len(stored)
        report.records += len(records_of(centre, tenant))
        if found[tenant] != wanted.digest:
            report.unequal.append(tenant)
        _judge_journal(centre, tenant, report)
    return report


def _judge_journal(centre: Centre, tenant: str, report: Report) -> None:
    journal, log = centre.data(tenant) / "journal", centre.queue_logs.get(tenant)
    if log is not None:
        said, kept = Counter(log.read_bytes().splitlines()), Counter(lines_kept(journal))
        report.lines += kept.total()
        report.lost += (said - kept).total()
        report.kept_twice += (kept - said).total()
    report.kept_twice += said_twice(journal)
    pbx = centre.pbxs[tenant]
    heard = ami_heard(journal, [each.text for each in pbx.tape])
    report.heard += heard.kept
    report.in_gaps += heard.in_gaps
    report.lost += heard.unexplained
