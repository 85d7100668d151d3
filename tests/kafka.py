"""A real Kafka for tests: brokers of a folder and of ports of their own, started in a second.

Only the standard library, Java, and the jars that `make kafka-jars` put into `.kafka`. As a
program (`make kafka`) it is one broker for a developer, in the foreground.
"""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

from tests.certificates import Certificates

KAFKA = Path(__file__).parents[1] / ".kafka"
DEVELOPER_PORT = 9092
USER, PASSWORD = "pult", "correct horse"
GUEST = "guest"
"""Has the same password, and no rights."""

SECONDS = 60
"""After which a broker that has not started or stopped is taken to hang."""

_STARTED = "Kafka Server started"
_CLUSTER_ID = "cHVsdC10ZXN0cy1vbmx5LQ"
_JAVA = (
    "-Xmx384m",
    # Twenty seconds of life deserve no better: these three halve what a start costs.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)
_WATCHFUL: Mapping[str, object] = {
    "broker.heartbeat.interval.ms": 300,
    "broker.session.timeout.ms": 2000,
    "controller.quorum.fetch.timeout.ms": 1000,
    "controller.quorum.election.timeout.ms": 500,
    "controller.quorum.election.backoff.max.ms": 500,
}
"""How soon the others take over from a broker that was killed: about three seconds."""

_CALM: Mapping[str, object] = {"metadata.max.idle.interval.ms": 0}
"""Nobody takes over from a single broker; waiting for clients, it takes a third of the time."""

_MOST_WORKERS = 16
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MOST_WORKERS
# Beneath the ports that the system gives to clients: one of them could take a dead broker's.
# Nor may tests that run beside these: each worker has ports that no other one takes.
_OWN_PORTS = range(20_000, 32_000)[_WORKER::_MOST_WORKERS]
_PORTS = cycle(random.sample(_OWN_PORTS, len(_OWN_PORTS)))
_LIBC = ctypes.CDLL(None)


def missing() -> str:
    """Return what a broker lacks here, '' if nothing."""
    if shutil.which("java") is None:
        return "a broker needs java (on Debian: default-jre-headless)"
    if not (KAFKA / "jars").is_dir():
        return "a broker needs its jars: make kafka-jars"
    return ""


def free_port() -> int:
    """Return a port of the loopback on which nobody listens.

    Whoever was given one may not listen yet: it comes again only after all others.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Broker:
    """One broker, which is a controller as well; it keeps ports and folder over restarts.

    Start it in the thread that outlives it: it dies with that thread, so that none is left
    behind when the tests are killed.

    Attributes:
        port: where it listens for clients.
        advertised_port: where it tells clients to go; set it before `start` to the port of a
            proxy that stands between.
    """

    def __init__(self, node: int, folder: Path, port: int = 0) -> None:
        self.node = node
        self.folder = folder
        self.port = port or free_port()
        self.advertised_port = self.port
        self.internal_port = free_port()
        self.controller_port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def log(self) -> Path:
        """The file with what it said."""
        return self.folder / "broker.log"

    @property
    def pid(self) -> int:
        """The process, which must be running."""
        assert self._process is not None
        return self._process.pid

    def launch(self, settings: Mapping[str, object], java: Sequence[str]) -> threading.Event:
        """Start the process; the event is set once it serves, or when it has ended."""
        assert self._process is None, "it runs already"
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        identity = data / "meta.properties"
        if not identity.exists():
            # All that formatting would do, in no time; the broker adds its directory's id.
            identity.write_text(f"version=1\ncluster.id={_CLUSTER_ID}\nnode.id={self.node}\n")
        path = self.folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._process = subprocess.Popen(
            [*java, "kafka.Kafka", str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", preexec_fn=_die_with_parent,
        )  # fmt: skip
        settled = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process, settled))
        self._reader.start()
        return settled

    def _read(self, process: "subprocess.Popen[str]", settled: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout, self.log.open("a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if _STARTED in line:
                    settled.set()
        settled.set()

    def check(self, settled: threading.Event) -> None:
        """Wait until a launched broker serves; fails with what it said last if it does not."""
        assert self._process is not None
        good = settled.wait(SECONDS) and self._process.poll() is None
        assert good, f"no start:\n{self.log.read_text()[-3000:]}"

    def end(self, how: signal.Signals) -> None:
        """End the process by a signal, if it runs, and wait for its end."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(SECONDS)
        assert self._reader is not None
        self._reader.join()
        self._process = None

    def kill(self) -> None:
        """End it as a power cut does."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """End it politely: it hands its partitions over first."""
        self.end(signal.SIGTERM)


class Cluster:
    """One broker or several.

    Args:
        folder: where everything of it is kept.
        brokers: how many; three replicate three times and need two to acknowledge.
        secured: whether it listens with TLS and with a password, too.
        port: of a single broker's clients; any free one unless given.
    """

    def __init__(
        self,
        folder: Path,
        brokers: int = 1,
        *,
        secured: bool = False,
        port: int = 0,
    ) -> None:
        self.brokers = [
            Broker(node, folder / f"broker-{node}", port) for node in range(1, brokers + 1)
        ]
        self.certificates = Certificates(folder / "certificates") if secured else None
        # Name of the listener to its port, on the first broker.
        self._secured = {
            name: free_port() for name in ("TLS", "SASL_PLAINTEXT", "SASL_TLS") if secured
        }

    @property
    def bootstrap(self) -> str:
        """Addresses of all brokers, for clients."""
        return ",".join(f"127.0.0.1:{broker.advertised_port}" for broker in self.brokers)

    @property
    def tls(self) -> str:
        """Address that speaks TLS."""
        return f"127.0.0.1:{self._secured['TLS']}"

    @property
    def sasl_plaintext(self) -> str:
        """Address that asks for USER and PASSWORD (mechanism PLAIN), without TLS."""
        return f"127.0.0.1:{self._secured['SASL_PLAINTEXT']}"

    @property
    def sasl_tls(self) -> str:
        """Address that speaks TLS and asks for USER and PASSWORD (mechanism PLAIN)."""
        return f"127.0.0.1:{self._secured['SASL_TLS']}"

    def start(self, *which: Broker, java: Sequence[str] = ()) -> None:
        """Start brokers, all unless some are named, and wait until they serve."""
        if self.certificates is not None:
            self.certificates.make()
        chosen = which or tuple(self.brokers)
        java = java or _java("SharedArchiveFile", KAFKA / "broker.jsa")
        launched = [(broker, broker.launch(self._of(broker), java)) for broker in chosen]
        for broker, settled in launched:
            broker.check(settled)

    def kill(self) -> None:
        """End all brokers at once."""
        for broker in self.brokers:
            broker.kill()

    def _of(self, broker: Broker) -> dict[str, object]:
        """Return the settings of one broker."""
        listeners = {
            "CLIENT": broker.port,
            "INTERNAL": broker.internal_port,
            **(self._secured if broker.node == 1 else {}),
        }
        protocols = {
            "CLIENT": "PLAINTEXT", "INTERNAL": "PLAINTEXT", "CONTROLLER": "PLAINTEXT",
            "TLS": "SSL", "SASL_PLAINTEXT": "SASL_PLAINTEXT", "SASL_TLS": "SASL_SSL",
        }  # fmt: skip
        advertised = {**listeners, "CLIENT": broker.advertised_port}
        listeners["CONTROLLER"] = broker.controller_port
        replicas = min(3, len(self.brokers))
        return {
            "node.id": broker.node,
            "process.roles": "broker,controller",
            "controller.quorum.voters": ",".join(
                f"{each.node}@127.0.0.1:{each.controller_port}" for each in self.brokers
            ),
            "listeners": _addresses(listeners.items()),
            "advertised.listeners": _addresses(advertised.items()),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in protocols.items()
            ),
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": broker.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": max(1, replicas - 1),
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            **(_WATCHFUL if len(self.brokers) > 1 else _CALM),
            "num.io.threads": 4,
            "num.network.threads": 2,
            "log.cleaner.dedupe.buffer.size": 4 << 20,
            **(self._security() if broker.node == 1 else {}),
        }

    def _security(self) -> dict[str, object]:
        if self.certificates is None:
            return {}
        login = "org.apache.kafka.common.security.plain.PlainLoginModule"
        settings: dict[str, object] = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.certificates.server,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{USER}",
        }
        for name in ("sasl_plaintext", "sasl_tls"):
            listener = f"listener.name.{name}"
            settings[f"{listener}.sasl.enabled.mechanisms"] = "PLAIN"
            settings[f"{listener}.plain.sasl.jaas.config"] = (
                f'{login} required user_{USER}="{PASSWORD}" user_{GUEST}="{PASSWORD}";'
            )
        return settings


def _addresses(listeners: Iterable[tuple[str, int]]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners)


def _java(way: str, archive: Path) -> list[str]:
    """Return the beginning of a command line, with a use of an archive of loaded classes."""
    jars = os.pathsep.join(str(path) for path in sorted((KAFKA / "jars").glob("*.jar")))
    return ["java", *_JAVA, f"-XX:{way}={archive}", "-cp", jars]


def _die_with_parent() -> None:
    """Have this process killed with the thread that started it (PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


def archive_classes() -> None:
    """Start a broker once for its classes, so that later starts take a third of the time."""
    folder = KAFKA / "first-start"
    scratch = KAFKA / "broker.new.jsa"
    cluster = Cluster(folder)
    try:
        cluster.start(java=_java("ArchiveClassesAtExit", scratch))
        cluster.brokers[0].stop()
    finally:
        cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)
    scratch.replace(KAFKA / "broker.jsa")


def main(words: list[str]) -> int:
    """Run one broker until Ctrl-C; with `archive`, only prepare quick starts."""
    if missing():
        sys.stderr.write(f"{missing()}\n")
        return 1
    if words == ["archive"]:
        archive_classes()
        return 0
    cluster = Cluster(KAFKA / "developer", port=DEVELOPER_PORT)
    cluster.start()
    broker = cluster.brokers[0]
    sys.stdout.write(f"Kafka    {cluster.bootstrap}  (data: {broker.folder}; Ctrl-C stops)\n")
    sys.stdout.flush()
    try:
        os.waitid(os.P_PID, broker.pid, os.WEXITED | os.WNOWAIT)
    except KeyboardInterrupt:
        broker.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
