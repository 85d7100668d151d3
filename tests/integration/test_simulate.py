"""A simulation through Kafka and a worker comes to its own truth."""

import json

from aiokafka.partitioner import murmur2

from tests import simulated
from tests.integration.reading import records
from tests.integration.workers import Site
from tests.pult.command import good, in_turn


def test_simulated_tenants_come_to_their_truth_through_a_worker(installation: Site) -> None:
    settings, truth = installation.folder / "kafka.toml", installation.folder / "truth.json"
    settings.write_text(
        f'[kafka]\nbootstrap = "{installation.bootstrap}"\nprefix = "{installation.prefix}"\n'
    )
    good(
        "simulate", "--seats", "12", "--queues", "3", "--tenants", "3", "--hours", "0.5",
        "--begin", "2026-03-02T10:00", "--late", "0.1", "--restarts", "1", "--heartbeat", "5",
        "--to-kafka", "--truth", truth, "--config", settings,
    )  # fmt: skip
    told = json.loads(truth.read_text())
    worker = installation.worker("w1")
    installation.wait_until_ready()
    installation.wait_until_applied(told["events"])

    assert worker.end() == 0, worker.said
    read = records(installation.bootstrap, f"{installation.prefix}.events")
    assert len(read) == told["events"]
    for each in read:
        assert each.key.decode() == each.value["domain"]
        assert each.partition == (murmur2(each.key) & 0x7FFFFFFF) % 32
    facts = installation.facts()
    assert sorted(facts) == ["simulated1", "simulated2", "simulated3"]
    for tenant, of_tenant in facts.items():
        expected = told["tenants"][tenant]
        assert simulated.queues(of_tenant) == simulated.true_queues(expected)
        assert simulated.agents(of_tenant) == simulated.true_agents(expected)


def test_without_topics_nothing_is_simulated_and_one_line_says_why(
    installation: Site,
) -> None:
    settings = installation.folder / "other.toml"
    settings.write_text(f'[kafka]\nbootstrap = "{installation.bootstrap}"\nprefix = "nobody"\n')

    (done,) = in_turn(("simulate", "--to-kafka", "--config", settings))

    assert done.code == 1
    assert done.complaint == (
        "cannot publish a simulation: nobody.events: missing "
        "(run pult topics, or mend kafka.prefix)"
    )
