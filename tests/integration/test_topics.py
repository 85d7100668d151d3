"""`pult topics` and `pult doctor` on a real broker, let in or not."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pult import topics
from pult.server_settings import KafkaSettings
from tests.kafka import PASSWORD, USER, Cluster, free_port
from tests.pult.command import Done, in_turn

SASL = f'username = "{USER}"\npassword_env = "KAFKA_PASSWORD"\n'
PLAIN = SASL + 'mechanism = "PLAIN"\n'
NAMES = ("events", "facts", "rejected", "snapshots")


def pult(tmp_path: Path, settings: str, *words: str, password: str = PASSWORD) -> Done:
    config = tmp_path / "pult.toml"
    config.write_text(f"[kafka]\n{settings}\n")
    command = (*words, "--config", config, "--data", tmp_path / "data")
    (done,) = in_turn(command, env={"KAFKA_PASSWORD": password})
    return done


def test_topics_are_created_once_and_found_good_afterwards(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    settings = f'bootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"'

    before = pult(tmp_path, settings, "topics", "--check")
    created = pult(tmp_path, settings, "topics")
    again = pult(tmp_path, settings, "topics")
    checked = pult(tmp_path, settings, "topics", "--check")

    assert before.code == 1
    assert before.out.splitlines() == [f"PROBLEM {prefix}.{name}: missing" for name in NAMES]
    good = [f"ok      {prefix}.{name}: 32 partitions, 1 replica(s)" for name in NAMES]
    assert created.code == again.code == checked.code == 0
    assert created.out.splitlines() == [
        f"ok      {prefix}.{name}: created with 32 partitions, 1 replica(s)" for name in NAMES
    ]
    assert again.out.splitlines() == checked.out.splitlines() == good


def test_a_broker_that_has_not_heard_of_a_new_topic_is_asked_again(
    kafka: Cluster, prefix: str
) -> None:
    class Late(AdminClient):
        """Asks a broker that knows of nothing yet, five times."""

        asked = 0

        def list_topics(self, *given: Any, **named: Any) -> Any:
            told = super().list_topics(*given, **named)
            self.asked += 1
            if 1 < self.asked <= 6:
                told.topics = {}
            return told

    wanted = KafkaSettings(bootstrap=kafka.bootstrap, prefix=prefix)
    client = Late({"bootstrap.servers": kafka.bootstrap})

    created = [each.name for each in topics.create(client, wanted)]
    client.asked = 1
    findings = topics.check(client, wanted, created)

    assert len(findings) == len(created) == len(NAMES)
    assert all(each.good for each in findings)
    client.asked = 1
    assert not any(each.good for each in topics.check(client, wanted))  # nobody created them


def test_a_topic_that_differs_is_told_of_and_left_as_it_is(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    other = {"cleanup.policy": "delete", "max.message.bytes": "1048588"}
    for future in admin.create_topics(
        [
            NewTopic(f"{prefix}.events", 8, 1, config={"max.message.bytes": "1000000"}),
            NewTopic(f"{prefix}.snapshots", 32, 1, config=other),
        ]
    ).values():
        future.result(20)

    settings = f'bootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"'
    hidden = pult(tmp_path, settings, "processor", "--name", "w1", "--port", "0")
    done = pult(tmp_path, settings, "topics")
    refused = pult(tmp_path, settings, "processor", "--name", "w1", "--port", "0")

    # What makes anew what is missing mends nothing of what differs.
    assert hidden.complaint.rstrip().endswith("missing (run pult topics, or mend kafka.prefix)")
    assert "must have 32" in refused.complaint
    assert "run pult topics" not in refused.complaint
    assert done.code == 1
    problems = [line for line in done.out.splitlines() if line.startswith("PROBLEM")]
    assert [line.partition(";")[0] for line in problems] == [
        f"PROBLEM {prefix}.events: has 8 partitions, must have 32",
        f"PROBLEM {prefix}.snapshots: cleanup.policy is delete, must be compact",
        f"PROBLEM {prefix}.snapshots: max.message.bytes is 1048588, must be 1000000",
    ]
    assert len(admin.list_topics(timeout=10).topics[f"{prefix}.events"].partitions) == 8


def test_more_copies_than_brokers_name_the_setting(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    settings = f'bootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"'

    refused = pult(tmp_path, f"{settings}\nreplication = 3", "topics")
    pult(tmp_path, settings, "topics")
    fewer = pult(tmp_path, f"{settings}\nreplication = 3", "topics", "--check")

    assert refused.code == 1
    assert "kafka.replication 3: there are not as many brokers" in refused.complaint
    assert fewer.code == 1
    assert f"{prefix}.facts: has 1 replica(s), kafka.replication asks for 3" in fewer.out


def test_doctor_looks_at_the_brokers_and_their_topics(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    settings = f'bootstrap = "{kafka.bootstrap}"\nprefix = "{prefix}"'
    # Whoever has the usual ports on this machine is not what is asked here.
    settings += "\n[http]\nprocessor_port = 0\nadapter_port = 0\nsink_port = 0"

    before = pult(tmp_path, settings, "doctor")
    pult(tmp_path, settings, "topics")
    after = pult(tmp_path, settings, "doctor")
    away = pult(tmp_path, f'bootstrap = "127.0.0.1:{free_port()}"', "doctor")

    assert (before.code, after.code, away.code) == (1, 0, 1)
    assert f"PROBLEM kafka: topic {prefix}.events: missing (run pult topics" in before.out
    assert f"ok      kafka: {kafka.bootstrap} answers" in after.out
    assert f"ok      kafka: topic {prefix}.events: 32 partitions" in after.out
    assert "PROBLEM kafka: cannot use Kafka at 127.0.0.1" in away.out
    assert "check kafka.bootstrap" in away.out


class Wrong(NamedTuple):
    """Settings that do not fit the broker, and what is said of them."""

    way: str
    settings: str
    told: str
    password: str = PASSWORD


WRONG = {
    "no host": Wrong("", 'bootstrap = "no-such-host.invalid:9092"', "check kafka.bootstrap"),
    "no listener": Wrong("", "bootstrap = '127.0.0.1:{free}'", "check kafka.bootstrap"),
    "wrong password": Wrong(
        "sasl_plaintext",
        f'protocol = "sasl_plaintext"\n{PLAIN}',
        "check kafka.username and kafka.password_env",
        "not it",
    ),
    "wrong password in TLS": Wrong(
        "sasl_tls",
        f'protocol = "sasl_tls"\nca = "{{ca}}"\n{PLAIN}',
        "check kafka.username and kafka.password_env",
        "not it",
    ),
    "other mechanism": Wrong(
        "sasl_plaintext",
        f'protocol = "sasl_plaintext"\n{SASL}',
        "does not know kafka.mechanism SCRAM-SHA-512 (it offers: PLAIN)",
    ),
    "clear to TLS": Wrong("tls", "", "kafka.protocol is plaintext"),
    "clear to password": Wrong("sasl_plaintext", "", "kafka.protocol is plaintext"),
    "TLS to clear": Wrong(
        "bootstrap", 'protocol = "tls"\nca = "{ca}"', "no TLS there; kafka.protocol is tls"
    ),
    "password to clear": Wrong(
        "bootstrap", f'protocol = "sasl_plaintext"\n{PLAIN}', "asks for no password there"
    ),
    "TLS without password": Wrong(
        "sasl_tls", 'protocol = "tls"\nca = "{ca}"', "kafka.protocol is tls"
    ),
    "other authority": Wrong("tls", 'protocol = "tls"\nca = "{stranger}"', "set kafka.ca"),
    "the system's authorities": Wrong("tls", 'protocol = "tls"', "set kafka.ca"),
}


@pytest.mark.parametrize("name", WRONG)
def test_who_is_not_let_in_is_told_the_setting_in_seconds(
    kafka: Cluster, tmp_path: Path, name: str
) -> None:
    assert kafka.certificates is not None
    way, settings, told, password = WRONG[name]
    for word, value in {
        "{ca}": str(kafka.certificates.authority),
        "{stranger}": str(kafka.certificates.stranger),
        "{free}": str(free_port()),
    }.items():
        settings = settings.replace(word, value)
    if way:
        settings = f'bootstrap = "{getattr(kafka, way)}"\n{settings}'

    started = time.monotonic()
    done = pult(tmp_path, settings, "topics", password=password)

    assert done.code == 1
    assert told in done.complaint
    assert password not in done.err
    assert time.monotonic() - started < 9


@pytest.mark.parametrize("way", ["tls", "sasl_plaintext", "sasl_tls"])
def test_who_says_it_right_is_let_in(
    kafka: Cluster, prefix: str, tmp_path: Path, way: str
) -> None:
    assert kafka.certificates is not None
    ca = f'ca = "{kafka.certificates.authority}"\n' if "tls" in way else ""
    sasl = PLAIN if "sasl" in way else ""
    settings = f'protocol = "{way}"\nprefix = "{prefix}"\n{ca}{sasl}'

    done = pult(tmp_path, f'bootstrap = "{getattr(kafka, way)}"\n{settings}', "topics")

    assert done.code == 0, done
