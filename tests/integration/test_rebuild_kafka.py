"""A history that is gone is read from Kafka again, and is what an import makes of the same."""

from pathlib import Path

import msgspec
from confluent_kafka import Producer

from producers.frame import Naming, Rejected
from producers.identity import CallerKeys
from producers.kinds import KINDS
from pult.server_settings import KafkaSettings
from pult.settings import Settings
from pult.targets import kept_targets
from schemas.events import encode
from schemas.policies import Policies
from stream_processors.shells import policy_log
from stream_processors.shells.policy_log import continued
from stream_processors.shells.snapshots import POLICIES_KEY
from tests.integration.reading import make_topics
from tests.integration.stores import PASSWORD, Store
from tests.kafka import Cluster
from tests.lab_cut import ami_until
from tests.oracles import ami
from tests.oracles.lab_numbers import LAB
from tests.pult.command import all_good, in_turn
from tests.shells.records import of
from tests.shells.test_policy_log import wanted, within

TENANTS = ("acme", "beta")
SECONDS = 60
SECRET = {"SINK_PASSWORD": PASSWORD}


def recording(folder: Path) -> Path:
    """Write the first messages of the half hour into a file."""
    first = int((LAB / "queue_log").read_bytes().partition(b"|")[0])
    path = folder / "ami.log"
    path.write_bytes(ami_until(first + SECONDS))
    return path


def publish(bootstrap: str, topic: str, path: Path) -> int:
    """Publish a recording as two tenants' events, and what is none; return how many."""
    names, kind = Naming("main", "main", CallerKeys(b"tests")), KINDS["asterisk-ami"]
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    count = 0
    for frame in kind.frames([path], "pbx1", 0, 0):
        assert not isinstance(frame, Rejected)
        for event in kind.translate(frame, names):
            for tenant in TENANTS:
                producer.produce(topic, of(encode(event), tenant), tenant.encode())
                count += 1
    producer.produce(topic, b"{}", b"acme")
    producer.produce(topic, of(encode(event), "beta"), b"acme")
    for wrong in ({"time": "9999-12-31T23:59:59Z"}, {"recordedtime": "yesterday"}):
        value = encode(msgspec.structs.replace(event, id="wrong", **wrong))
        producer.produce(topic, of(value, "acme"), b"acme")
    assert producer.flush(30) == 0
    return count


def test_a_history_read_from_kafka_is_that_of_an_import(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    path, config = recording(tmp_path), tmp_path / "pult.toml"
    config.write_text(f'[kafka]\nbootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"\n')
    make_topics(kafka.bootstrap, prefix)
    count = publish(kafka.bootstrap, f"{prefix}.events", path)
    common = ("--data", tmp_path / "data", "--config", config)

    *_, wanted = all_good(
        ("import", "asterisk-ami", path, "--data", tmp_path / "import"),
        ("digest", "--total", "--data", tmp_path / "import"),
    )
    rebuilt, again, acme, beta = all_good(
        ("rebuild", "--from-kafka", *common),
        ("rebuild", "--from-kafka", "--tenant", "beta", *common),
        *(("digest", "--total", "--tenant", tenant, *common) for tenant in TENANTS),
    )

    assert acme == beta == wanted
    assert rebuilt.startswith("4 records of Kafka are no events of their domain")
    assert f"{count} events of 2 domains folded again" in rebuilt
    assert f"{count // 2} events of 1 domain folded again: the history says what they" in again


def test_targets_of_a_domain_are_those_that_its_own_partition_was_folded_under(
    kafka: Cluster, prefix: str
) -> None:
    """Two workers are given a changed target one after the other: two sites, two instants."""
    make_topics(kafka.bootstrap, prefix)
    before, after = wanted(20), wanted(5)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for partition, since in ((3, 1_000), (9, 2_000)):
        log = continued(continued((), before, at=0), after, since)
        value = policy_log.encode(log)
        producer.produce(f"{prefix}.snapshots", value, POLICIES_KEY, partition)
    assert producer.flush(30) == 0

    of_domain = kept_targets(
        Settings(kafka=KafkaSettings(bootstrap=kafka.bootstrap, prefix=prefix)),
        {"bootstrap.servers": kafka.bootstrap},
        {"acme/north": 3, "acme/south": 9, "acme/west": 11},
    )

    held = {each: within(of_domain(each).at(1_500)) for each in ("acme/north", "acme/south")}
    assert held == {"acme/north": 5, "acme/south": 20}
    # No worker has had this partition: the settings tell.
    assert of_domain("acme/west").current == Policies()


def legs_in(store: Store) -> dict[str, int]:
    rows = store.ask("SELECT tenant, count() FROM pult.legs GROUP BY tenant")
    return {str(tenant): int(legs) for tenant, legs in rows}


def test_a_server_is_read_from_kafka_and_compared_again(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    path, config = recording(tmp_path), tmp_path / "pult.toml"
    store = Store(tmp_path / "server")
    config.write_text(
        f'[kafka]\nbootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"\n{store.settings}'
    )
    make_topics(kafka.bootstrap, prefix)
    count = publish(kafka.bootstrap, f"{prefix}.events", path)
    rebuild = ("rebuild", "--server", "--config", config)
    store.start()
    try:
        store.migrate()
        first, again = in_turn((*rebuild, "--from-kafka"), (*rebuild, "--check"), env=SECRET)
        legs = legs_in(store)
        spoilt = store.client()
        spoilt.command("TRUNCATE TABLE pult.leg_facts")
        spoilt.close()
        found, mended = in_turn(
            (*rebuild, "--check"), (*rebuild, "--tenant", "acme"), env=SECRET
        )
        left = legs_in(store)
    finally:
        store.end()

    in_recording = len(ami.legs(path.read_bytes()))
    assert (first.code, again.code, found.code, mended.code) == (0, 0, 1, 0)
    assert f"{count} events of 2 domains folded again: the history says" in again.out
    assert legs == dict.fromkeys(TENANTS, in_recording)
    assert f"{2 * in_recording} facts differ" in found.out
    assert left == {"acme": in_recording}
