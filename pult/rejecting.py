"""Says when too much of what a source tells is rejected; `run` and `pult adapter` go on.

A worker stops there, for whatever it reads is in Kafka. These two may not: what a socket says
is kept by nobody else. So they keep it, are not ready, and say why.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from pult.settings import ProcessorSettings
from schemas.events import Event, SourceHeartbeat
from schemas.facts import Rejected
from stream_processors.shells.rejects import RejectLimit, RejectWatch

_LOG = logging.getLogger(__name__)

_OF_NO_USE = ("duplicate", "unmapped")

_REMEDIES = {
    "future": "its clock is ahead of ours; set both by NTP",
    "malformed": "the details are in rejected",
}
_REMEDIES_OF_FEEDS = {
    ("no_time", "ami"): "set timestampevents = yes in manager.conf",
    ("no_time", "webhook"): "its mapping names no time that it tells",
}


def limit(settings: ProcessorSettings) -> RejectLimit:
    """Return how much may be rejected."""
    return RejectLimit(settings.reject_share, settings.reject_least, settings.reject_window)


class RejectAlarm:
    """Watches the share of rejects, source by source; for the thread that reads them.

    Answers to our pings do not count: at a quiet PBX they would hide that nothing else of it
    can be used. Nor does what a CRM posts and we have no use for: repetitions with other texts,
    and events of which its mapping says nothing.
    """

    def __init__(self, most: RejectLimit) -> None:
        self._limit = most
        self._sources: dict[str, _OfSource] = {}
        self.trouble = ""

    def note(
        self,
        events: Iterable[Event],
        unread: Sequence[Rejected],
        refused: Sequence[Rejected] = (),
    ) -> None:
        """Add what was read.

        Args:
            events: what was understood.
            unread: what was not.
            refused: which of the events could not be used.
        """
        good = Counter(each.source for each in events if type(each) is not SourceHeartbeat)
        good.subtract(each.source for each in refused)
        bad: dict[str, list[Rejected]] = {}
        for each in (*unread, *refused):
            if each.reason not in _OF_NO_USE:
                bad.setdefault(each.source, []).append(each)
        for name in dict.fromkeys((*good, *bad)):
            if name not in self._sources:
                self._sources[name] = _OfSource(name, self._limit)
            self._sources[name].note(max(0, good[name]), bad.get(name, ()))
        if good or bad:
            troubles = [each.trouble for each in self._sources.values() if each.trouble]
            self.trouble = "; ".join(troubles)


class _OfSource:
    """The share of rejects of one source."""

    def __init__(self, name: str, most: RejectLimit) -> None:
        self._name = name
        self._limit = most
        self._watch = RejectWatch(most)
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._since = self._bad_since = 0
        self.trouble = ""

    def note(self, good: int, bad: Sequence[Rejected]) -> None:
        """Add how many events could be used, and what could not."""
        records = good + len(bad)
        if self.trouble:
            self._await_better(records, len(bad))
            return
        self._reasons.update((each.reason, each.feed) for each in bad)
        if self._watch.passed(records, len(bad)):
            reason, feed = self._reasons.most_common(1)[0][0]
            remedy = _REMEDIES_OF_FEEDS.get((reason, feed)) or _REMEDIES.get(reason, "")
            why = f"{reason}: {remedy}" if remedy else reason
            self.trouble = f"{self._name}: {self._watch.told} ({why})"
            _LOG.warning("too many rejects source=%s %s (%s)",
                         self._name, self._watch.told, why)  # fmt: skip

    def _await_better(self, records: int, bad: int) -> None:
        """Begin anew once the newest are good: the window would tell of old ones for days."""
        self._since += records
        self._bad_since += bad
        if self._since < self._limit.least:
            return
        if self._bad_since <= self._limit.share * self._since:
            _LOG.info("few rejects again source=%s", self._name)
            self.trouble = ""
            self._watch = RejectWatch(self._limit)
            self._reasons.clear()
        self._since = self._bad_since = 0
