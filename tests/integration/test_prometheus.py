"""A real Prometheus on real workers: the rules find their metrics, `instance` matters not."""

import re
from pathlib import Path

from schemas.topics import EVENTS
from tests.deploy.programs import DEPLOY
from tests.integration.half_hour import TENANTS, interleaved, recorded
from tests.integration.prometheus import IMPATIENT, Prometheus
from tests.integration.workers import Site
from tests.pult.command import wait_for

RULES = DEPLOY / "prometheus" / "rules" / "pipeline.yml"
ALL_RULES = sorted(RULES.parent.glob("*.yml"))
OF_OTHERS = ("pult_journal_", "pult_sink_", "pult_disk_", "pult_published_", "pult_rejected_",
             "pult_frames_")  # fmt: skip
"""What adapters, sinks and `run` export; only workers run here."""


def test_the_rules_find_what_two_workers_export(installation: Site, tmp_path: Path) -> None:
    installation.settings = '[processor]\nsnapshot_every = "500ms"\n'
    values = recorded()
    installation.publish(interleaved(values[:300]))
    workers = [installation.worker(name) for name in ("w1", "w2")]
    installation.wait_until_ready()
    installation.publish(interleaved(values[300:600]))
    addresses = [each.address.removeprefix("http://") for each in workers]
    (tmp_path / "prometheus").mkdir()
    prometheus = Prometheus(tmp_path / "prometheus", {"processor": addresses}, IMPATIENT)
    named = set(re.findall(r"\b(?:pult|cc)_\w+", RULES.read_text()))
    wanted = {each for each in named if not each.startswith(OF_OTHERS)}
    alerts = sum(path.read_text().count("alert:") for path in ALL_RULES)

    with prometheus.running():

        def seen() -> bool:
            healthy = [each for each in prometheus.rules() if each["health"] == "ok"]
            return (
                len(healthy) == alerts
                and len(prometheus.series('up{job="discipline"} == 1')) == len(workers)
                and all(prometheus.series(name) for name in wanted)
                and len(prometheus.series('up{job="processor"} == 1')) == len(workers)
                # Pending at most between the first scrapes of the two.
                and not prometheus.series('ALERTS{alertname="PultPartitionsUnowned"}')
            )

        wait_for(seen, 30, "rules and metrics in Prometheus")
        partitions = prometheus.series("max by (partition) (pult_partition_backlog)")
        sources = prometheus.series(
            "max without (instance, job, pod, feed) (pult_source_last_event_timestamp_seconds)"
        )
        ready = prometheus.series("pult_ready == 1")

    assert len(partitions) == EVENTS.partitions
    assert sorted(each["tenant"] for each in sources) == sorted(TENANTS)
    assert all(each.keys() == {"tenant", "source"} for each in sources)
    assert sorted(each["instance"] for each in ready) == sorted(addresses)
