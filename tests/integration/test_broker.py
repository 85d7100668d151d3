"""The brokers and the proxy of the tests do what the tests rely on."""

import socket
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.integration.conftest import NewCluster
from tests.kafka import PASSWORD, USER, Cluster, free_port
from tests.proxy import Proxy


def create(bootstrap: str, topic: str, replicas: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = admin.create_topics([NewTopic(topic, 1, replicas)])
    made[topic].result(20)


def send(values: list[bytes], topic: str, **settings: object) -> None:
    failures: list[object] = []
    producer = Producer({"acks": "all", "message.timeout.ms": 20_000, **settings})

    def told(error: object, _: Message) -> None:
        if error is not None:
            failures.append(error)

    for value in values:
        producer.produce(topic, value, on_delivery=told)
    assert producer.flush(25) == 0
    assert failures == []


def received(count: int, topic: str, **settings: object) -> list[bytes]:
    consumer = Consumer({"group.id": "any", "enable.auto.commit": False, **settings})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values: list[bytes] = []
    give_up = time.monotonic() + 20
    while len(values) < count and time.monotonic() < give_up:
        for message in consumer.consume(count, 0.5):
            assert message.error() is None
            value = message.value()
            assert isinstance(value, bytes)
            values.append(value)
    consumer.close()
    return values


@pytest.mark.parametrize("way", ["bootstrap", "tls", "sasl_plaintext", "sasl_tls"])
def test_a_broker_listens_plainly_with_tls_and_with_a_password(
    kafka: Cluster, prefix: str, way: str
) -> None:
    assert kafka.certificates is not None
    sasl = {"sasl.mechanism": "PLAIN", "sasl.username": USER, "sasl.password": PASSWORD}
    tls = {"ssl.ca.location": str(kafka.certificates.authority)}
    protocol = {
        "bootstrap": {},
        "tls": {"security.protocol": "ssl", **tls},
        "sasl_plaintext": {"security.protocol": "sasl_plaintext", **sasl},
        "sasl_tls": {"security.protocol": "sasl_ssl", **tls, **sasl},
    }[way]
    create(kafka.bootstrap, prefix)

    settings = {"bootstrap.servers": getattr(kafka, way), **protocol}
    send([b"a", b"b"], prefix, **settings)

    assert received(2, prefix, **settings) == [b"a", b"b"]


def test_a_cluster_loses_nothing_when_one_of_three_is_killed_and_then_another(
    kafka_cluster: Cluster,
) -> None:
    settings = {"bootstrap.servers": kafka_cluster.bootstrap}
    create(kafka_cluster.bootstrap, "survivor", replicas=3)
    expected = []

    for number, broker in enumerate(kafka_cluster.brokers[:2]):
        broker.kill()
        value = b"without %d" % number
        expected.append(value)
        send([value], "survivor", **settings)
        kafka_cluster.start(broker)

    assert received(2, "survivor", **settings) == expected


def test_clients_go_through_a_proxy_that_the_broker_advertises(
    new_cluster: NewCluster,
) -> None:
    cluster = new_cluster()
    broker = cluster.brokers[0]
    with Proxy(broker.port) as proxy:
        broker.advertised_port = proxy.port
        cluster.start()
        assert cluster.bootstrap == f"127.0.0.1:{proxy.port}"
        create(cluster.bootstrap, "proxied")
        producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all"})
        producer.produce("proxied", b"before")
        assert producer.flush(10) == 0
        proxy.refuse()
        producer.produce("proxied", b"after")
        assert producer.flush(0.5) == 1
        assert proxy.connections == 0
        proxy.accept()
        assert producer.flush(10) == 0
        settings = {"bootstrap.servers": cluster.bootstrap}
        assert received(2, "proxied", **settings) == [b"before", b"after"]


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        server.settimeout(5)
        yield server


def test_a_proxy_delays_cuts_refuses_and_half_closes(echo: socket.socket) -> None:
    def connected() -> tuple[socket.socket, socket.socket]:
        client = socket.create_connection(("127.0.0.1", proxy.port), 5)
        target, _ = echo.accept()
        target.settimeout(5)
        return client, target

    with Proxy(echo.getsockname()[1]) as proxy:
        client, target = connected()
        with client, target:
            proxy.delay_ms = 100
            started = time.monotonic()
            client.sendall(b"ping")
            assert target.recv(10) == b"ping"
            assert time.monotonic() - started >= 0.1

            proxy.delay_ms = 0
            proxy.half_close()
            assert client.recv(10) == b""
            client.sendall(b"still here")
            assert target.recv(10) == b"still here"

        client, target = connected()
        with client, target:
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                client.recv(10)
            with pytest.raises(ConnectionResetError):
                target.recv(10)

        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), 5)
        proxy.accept()
        client, target = connected()
        with client, target:
            target.sendall(b"pong")
            assert client.recv(10) == b"pong"
