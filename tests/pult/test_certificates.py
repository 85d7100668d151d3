"""What is wrong with a certificate of a server is told as what it is, with what mends it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pult import clickhouse, kafka
from pult.server_settings import ClickHouseSettings, KafkaSettings
from schemas.errors import PultFailure
from tests.certificates import Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make()
    return made


@contextmanager
def server(certificate: Path) -> Iterator[str]:
    """Have somebody speak TLS under a certificate; gives the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listening.accept()
                    with plain, suppress(OSError):
                        context.wrap_socket(plain, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        # Closing alone does not wake who waits for a connection.
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("certificate", "authority", "told"),
    [
        ("expired", "authority", "certificate has expired; renew it on "),
        ("elsewhere", "authority", "its certificate is for another host; check {url}"),
        ("server", "stranger", "set {ca} to its authority's file"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_of_by_its_fault(
    certificates: Certificates, certificate: str, authority: str, told: str
) -> None:
    ca: Path = getattr(certificates, authority)

    with server(getattr(certificates, certificate)) as address:
        with pytest.raises(PultFailure) as of_kafka:
            kafka.connect(KafkaSettings(bootstrap=address, protocol="tls", ca=ca), {})
        with pytest.raises(PultFailure) as of_store:
            clickhouse.connect(ClickHouseSettings(url=f"https://{address}", ca=ca), {})

    assert told.format(url="kafka.bootstrap", ca="kafka.ca") in str(of_kafka.value)
    assert told.format(url="clickhouse.url", ca="clickhouse.ca") in str(of_store.value)
