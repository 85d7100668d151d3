"""The settings of Kafka: which belong together, and what its two clients are handed."""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pult.kafka import aiokafka, librdkafka
from pult.server_settings import KafkaSettings
from pult.settings import parse
from schemas.errors import SettingsInvalid
from tests.certificates import Certificates

SASL = 'username = "pult"\npassword_env = "KAFKA_PASSWORD"'


def kafka(text: str) -> KafkaSettings:
    return parse(f"[kafka]\n{text}\n", "pult.toml").kafka


def test_without_settings_it_is_one_broker_beside_us_in_clear() -> None:
    settings = kafka("")

    assert (settings.prefix, settings.replication) == ("pult", 1)
    assert librdkafka(settings, {}) == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "PLAINTEXT",
        "log_level": 0,
    }
    assert aiokafka(settings, {}) == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "PLAINTEXT",
    }


def test_both_clients_are_told_the_same_of_tls_and_a_password(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    made.make()
    settings = kafka(
        'bootstrap = "k1:9093, k2:9093"\nprotocol = "sasl_tls"\nmechanism = "PLAIN"\n'
        f'ca = "{made.authority}"\ncert = "{made.server}"\nkey = "{made.server}"\n{SASL}'
    )
    environ = {"KAFKA_PASSWORD": "hidden"}

    assert librdkafka(settings, environ) == {
        "bootstrap.servers": "k1:9093, k2:9093",
        "security.protocol": "SASL_SSL",
        "log_level": 0,
        "ssl.ca.location": str(made.authority),
        "ssl.certificate.location": str(made.server),
        "ssl.key.location": str(made.server),
        "sasl.mechanism": "PLAIN",
        "sasl.username": "pult",
        "sasl.password": "hidden",
    }
    ours = aiokafka(settings, environ)
    context = ours.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    (authority,) = context.get_ca_certs()
    assert "authority of the tests" in str(authority["subject"])
    assert ours == {
        "bootstrap_servers": ["k1:9093", "k2:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "pult",
        "sasl_plain_password": "hidden",
    }
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('protocol = "ssl"', "kafka.protocol: must be 'plaintext', 'tls'"),
        ('ca = "ca.pem"', "ca, cert and key are of no use with protocol plaintext"),
        ('protocol = "tls"\ncert = "c"', "cert and key belong together"),
        ('protocol = "sasl_tls"', "sasl_tls needs username and password_env"),
        (SASL, "username and password_env are of no use with protocol plaintext"),
        ('mechanism = "GSSAPI"', "kafka.mechanism"),
        ('prefix = "a/b"', "kafka.prefix"),
        ('bootstrap = ""', "kafka.bootstrap"),
        ("replication = 0", "kafka.replication"),
        ('password = "x"', "kafka.password is unknown, did you mean password_env?"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_the_setting(text: str, told: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        kafka(text)

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_password_that_is_not_there_names_its_variable() -> None:
    settings = kafka(f'protocol = "sasl_plaintext"\n{SASL}')

    for words in (librdkafka, aiokafka):
        with pytest.raises(SettingsInvalid, match=r"KAFKA_PASSWORD \(kafka\.password_env\)"):
            words(settings, {"KAFKA_PASSWORD": ""})


@pytest.mark.parametrize("setting", ["ca", "cert", "key"])
def test_a_file_that_cannot_be_read_names_its_setting(tmp_path: Path, setting: str) -> None:
    made = Certificates(tmp_path)
    made.make()
    files = {"ca": made.authority, "cert": made.server, "key": made.server}
    files[setting] = tmp_path / "missing.pem"
    text = "\n".join(f'{name} = "{path}"' for name, path in files.items())
    settings = kafka(f'protocol = "tls"\n{text}')

    for words in (librdkafka, aiokafka):
        with pytest.raises(SettingsInvalid, match=rf"kafka\.{setting}: cannot read .*missing"):
            words(settings, {})


@pytest.mark.parametrize("words", [librdkafka, aiokafka])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("ca", r"kafka\.ca: no PEM"),
        ("cert", r"kafka\.cert and kafka\.key: no PEM"),
        ("key", r"kafka\.cert and kafka\.key: no PEM that can be used \(KEY_VALUES_MISMATCH\)"),
        ("locked", r"kafka\.key: .* is locked with a password; unlock a copy: openssl pkey"),
    ],
)
def test_a_file_that_cannot_be_used_names_its_setting(
    tmp_path: Path,
    words: Callable[[KafkaSettings, Mapping[str, str]], dict[str, Any]],
    changed: str,
    told: str,
) -> None:
    made = Certificates(tmp_path)
    made.make()
    (tmp_path / "nothing.pem").write_text("nothing of the kind")
    files = {"ca": made.authority, "cert": made.server, "key": made.server}
    match changed:
        case "key":
            files["key"] = made.elsewhere
        case "locked":
            files["key"] = made.locked()
        case _:
            files[changed] = tmp_path / "nothing.pem"
    text = "\n".join(f'{name} = "{path}"' for name, path in files.items())

    with pytest.raises(SettingsInvalid, match=told):
        words(kafka(f'protocol = "tls"\n{text}'), {})
