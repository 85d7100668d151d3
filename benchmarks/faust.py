"""Pult's Faust shell and processor against stock Faust and a plain loop, on a real broker.

`python -m benchmarks.faust`. One worker process each, in turns, on the same broker and machine.
"""

import argparse
from collections.abc import Callable

from benchmarks.broker import Broker, broker
from benchmarks.rounds import Rates, machine, run, tell, totals
from benchmarks.tenants import Tenants
from schemas import facts
from schemas.topics import EVENTS, FACTS, REJECTED, SNAPSHOTS
from tests.integration.workers import kept

WRITTEN = (FACTS, REJECTED, SNAPSHOTS)


class Comparison:
    """Two logs, one for what is slow, and the contestants that read them."""

    def __init__(self, site: Broker, few: Tenants, many: Tenants) -> None:
        self._site = site
        self._few, self._many = few, many
        self._wanted = many.facts()
        self._runs = 0
        for name, tenants in (("few", few), ("many", many)):
            site.make(name, (EVENTS,))
            site.fill(EVENTS.named(name), tenants.records())

    def counted(self, module: str, name: str) -> dict[str, object]:
        """Run one that counts; fails if it counted wrong."""
        tenants = self._few if name == "few" else self._many
        report = self._run(module, name, tenants, lambda _: None)
        counts = {queue: n for queue, n in report["counts"].items() if n}
        assert counts == tenants.counts(), f"{module} counted wrong"
        return report

    def concluded(self, module: str) -> dict[str, object]:
        """Run one that concludes facts; fails if they are not those of one process."""
        return self._run(module, "many", self._many, self._check_facts)

    def read(self, module: str) -> dict[str, object]:
        """Run one that concludes nothing; fails if it did not read all."""
        return self._run(module, "many", self._many, lambda _: None)

    def _run(
        self, module: str, name: str, tenants: Tenants, check: Callable[[str], None]
    ) -> dict[str, object]:
        self._runs += 1
        prefix = f"run-{self._runs}"
        self._site.make(prefix, WRITTEN)
        report = run(module, self._site.bootstrap, EVENTS.named(name), prefix, len(tenants))
        assert report["events"] == len(tenants), f"{module} handled {report['events']}"
        check(prefix)
        self._site.remove(each.named(prefix) for each in WRITTEN)
        return report

    def _check_facts(self, prefix: str) -> None:
        found = self._site.values(FACTS.named(prefix))
        assert sorted(found) == sorted(self._many.names), f"{len(found)} tenants have facts"
        for tenant, values in found.items():
            assert kept(map(facts.decode, values)) == self._wanted, f"{tenant} differs"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--half-hours", type=int, default=6, help="of each tenant")
    parser.add_argument("--at-most", type=int, default=1_000_000, help="events of each tenant")
    parser.add_argument("--few", type=int, default=24_000, help="events for stock Faust")
    chosen = parser.parse_args()
    many = Tenants(chosen.tenants, chosen.half_hours, chosen.at_most)
    few = Tenants(8, at_most=chosen.few // 8)
    stock, tuned, shell, processor, loop, bare = (
        Rates(each)
        for each in (
            "stock Faust, as documented, counting",
            "stock Faust, tuned by us, counting",
            "our Faust shell, counting",
            "our processor, all of it",
            "plain loop, the same apply and facts",
            "plain loop without the fold",
        )
    )
    with broker() as site:
        print(f"{len(many):,} events, {len(few):,} for stock Faust; {machine()}", flush=True)
        both = Comparison(site, few, many)
        for _ in range(chosen.rounds):
            stock.note(both.counted("documented_faust", "few"))
            tuned.note(both.counted("stock_faust", "few"))
            shell.note(both.counted("counting_shell", "many"))
            processor.note(both.concluded("processor"))
            loop.note(both.concluded("plain_loop"))
            bare.note(both.read("loop_without_fold"))
            print(f"round {len(loop.per_second)} is right; {machine()}", flush=True)
    totals((stock, tuned, shell, processor, loop, bare))
    print(tell("our shell : stock Faust, both counting", 100, shell, stock))
    print(tell("our processor : stock Faust that only counts", 40, processor, stock))
    print(tell("the same : stock Faust tuned by us", 0, processor, tuned))
    print(tell("our processor : plain loop", 0.7, processor, loop))
    print(tell("plain loop without the fold : stock Faust", 0, bare, stock))


if __name__ == "__main__":
    main()
