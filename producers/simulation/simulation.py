"""All tenants and sources side by side: one stream of events, and the truth about it."""

from collections.abc import Iterator
from dataclasses import asdict
from heapq import merge
from typing import Any

from producers.instants import rfc3339
from producers.simulation.centre import Centre
from producers.simulation.desk import Note
from producers.simulation.plan import Plan
from producers.simulation.truth import TenantTruth
from producers.simulation.voice import Said


class Simulation:
    """A simulation that runs as its events are read; it holds what is open, not what was.

    Args:
        plan: what to simulate.
        note: takes, of all that a CRM tells, of which contact it is.

    Raises:
        SimulationImpossible: the plan asks for what cannot be.
    """

    def __init__(self, plan: Plan, note: Note = lambda _: None) -> None:
        plan.check()
        self.plan = plan
        self.told = 0
        self.received_ms = plan.begin_ms
        self._truths = {name: TenantTruth() for name in plan.tenant_names}
        self._centres = [
            Centre(plan, tenant, number, truth, note)
            for tenant, truth in self._truths.items()
            for number in range(plan.sources)
        ]

    def events(self) -> Iterator[Said]:
        """Give out all events in the order they are received; once."""
        streams = [centre.run() for centre in self._centres]
        together = streams[0] if len(streams) == 1 else merge(*streams)
        for said in together:
            self.told += 1
            self.received_ms = said.received_ms
            yield said

    def truth(self) -> dict[str, Any]:
        """Return the truth about everything; whole once all events have been read."""
        faults = [asdict(fault) for centre in self._centres for fault in centre.faults]
        return {
            "seed": self.plan.seed,
            "begin": rfc3339(self.plan.begin_ms * 1000),
            "end": rfc3339(self.plan.end_ms * 1000),
            "events": self.told,
            "seats": self.plan.seats,
            "answer_within_ms": self.plan.answer_within_ms,
            "short_abandon_ms": self.plan.short_abandon_ms,
            "faults": sorted(faults, key=lambda fault: fault["at_ms"]),
            "tenants": {name: truth.as_json() for name, truth in self._truths.items()},
        }
