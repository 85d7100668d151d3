"""The settings of Kafka in the words of its two clients, and what a client's errors mean.

The password is only ever in the values returned here; no message of ours holds it.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation

from producers.certificate import is_of_another_host, is_out_of_date
from pult.secret import in_one_line
from pult.server_settings import KafkaSettings
from schemas.errors import KafkaUnusable, SettingsInvalid

PATIENCE_SECONDS = 8.0
"""How long a broker may take for its first answer."""

_SURE_SECONDS = 2.0
# Of a broker that has just died the client hears only when it asks anew; by itself in a minute.
_RIGHTS_SECONDS = (2.0, 4.0)
_ASK_SECONDS = 0.5
_UNANSWERED = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT)
_Rights: TypeAlias = Sequence[AclOperation] | None
_NOT_ALLOWED = (
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
_NO_TOPIC = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}
_TLS_ADDRESS = re.compile(r"ssl://([^/\s]+:\d+)/")
_PROTOCOLS = {
    "plaintext": "PLAINTEXT", "tls": "SSL",
    "sasl_plaintext": "SASL_PLAINTEXT", "sasl_tls": "SASL_SSL",
}  # fmt: skip


def librdkafka(settings: KafkaSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what confluent-kafka's clients need to reach the brokers.

    Raises:
        SettingsInvalid: a file cannot be used, or the password is not in the environment.
    """
    values: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": _PROTOCOLS[settings.protocol],
        # What matters comes to error callbacks; the client's own lines would never end.
        "log_level": 0,
    }
    for setting, name in (
        ("ca", "ssl.ca.location"),
        ("cert", "ssl.certificate.location"),
        ("key", "ssl.key.location"),
    ):
        path = _readable(settings, setting)
        if path:
            values[name] = path
    if settings.tls:
        # The client would say of a file that it cannot use that nobody answers.
        _ssl_context(settings)
    if settings.sasl:
        values["sasl.mechanism"] = settings.mechanism
        values["sasl.username"] = settings.username
        values["sasl.password"] = _password(settings, environ)
    return values


def aiokafka(settings: KafkaSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what aiokafka's clients need, which Faust takes as `broker` and `credentials`.

    The keys are those of aiokafka's constructors; `ssl_context` and the `sasl_` keys are there
    only where the protocol wants them.

    Raises:
        SettingsInvalid: a file cannot be used, or the password is not in the environment.
    """
    values: dict[str, Any] = {
        "bootstrap_servers": [each.strip() for each in settings.bootstrap.split(",")],
        "security_protocol": _PROTOCOLS[settings.protocol],
    }
    if settings.tls:
        values["ssl_context"] = _ssl_context(settings)
    if settings.sasl:
        values["sasl_mechanism"] = settings.mechanism
        values["sasl_plain_username"] = settings.username
        values["sasl_plain_password"] = _password(settings, environ)
    return values


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    cert, key = _readable(settings, "cert"), _readable(settings, "key")
    setting = "ca"
    try:
        context = ssl.create_default_context(cafile=_readable(settings, "ca") or None)
        if cert:
            setting = "cert and kafka.key"
            context.load_cert_chain(cert, key, partial(_locked, key))
    except ssl.SSLError as error:
        msg = f"kafka.{setting}: no PEM that can be used ({error.reason or 'no certificate'})"
        raise SettingsInvalid(msg) from error
    return context


def _locked(key: str) -> str:
    """Refuse to ask whoever sits at the terminal, as OpenSSL would."""
    msg = (
        f"kafka.key: {key} is locked with a password; unlock a copy: openssl pkey -in {key} "
        "-out FILE"
    )
    raise SettingsInvalid(msg)


def _readable(settings: KafkaSettings, setting: str) -> str:
    path = getattr(settings, setting)
    if path is None:
        return ""
    try:
        path.open("rb").close()
    except OSError as error:
        msg = f"kafka.{setting}: cannot read {path}: {error.strerror}"
        raise SettingsInvalid(msg) from error
    return str(path)


def _password(settings: KafkaSettings, environ: Mapping[str, str]) -> str:
    password = environ.get(settings.password_env, "")
    if not password:
        msg = f"environment variable {settings.password_env} (kafka.password_env) is not set"
        raise SettingsInvalid(msg)
    return in_one_line(password, settings.password_env, "kafka.password_env")


def connect(settings: KafkaSettings, environ: Mapping[str, str]) -> AdminClient:
    """Return a client that a broker has answered.

    Raises:
        KafkaUnusable: no broker answers, or none lets us in; named with the setting at fault.
        SettingsInvalid: as for `librdkafka`.
    """
    errors: list[KafkaError] = []
    values = librdkafka(settings, environ)
    values["error_cb"] = errors.append
    try:
        client = AdminClient(values)
    except KafkaException as error:
        raise KafkaUnusable(explained([error.args[0]], settings)) from error
    started = time.monotonic()
    while True:
        try:
            client.list_topics(timeout=_ASK_SECONDS)
        except KafkaException as error:
            client.poll(0)
            waited = time.monotonic() - started
            down = any(each.code() == KafkaError._ALL_BROKERS_DOWN for each in errors)
            if _decisive(errors) or waited > (_SURE_SECONDS if down else PATIENCE_SECONDS):
                raise KafkaUnusable(explained(errors, settings)) from error
        else:
            return client


def _decisive(errors: Sequence[KafkaError]) -> bool:
    """Tell whether waiting longer is of no use."""
    return any(
        error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE)
        or "PLAINTEXT broker listener" in error.str()
        for error in errors
    )


def explained(errors: Sequence[KafkaError], settings: KafkaSettings) -> str:
    """Return in one line what keeps us from the brokers, naming the setting to look at."""
    return f"cannot use Kafka at {settings.bootstrap}: {_cause(errors, settings)}"


def _cause(errors: Sequence[KafkaError], settings: KafkaSettings) -> str:
    # The kinds in the order in which one hides another; of each the first is as good as any.
    kinds = {error.code(): error for error in reversed(errors)}
    if KafkaError._AUTHENTICATION in kinds:
        return _refused(kinds[KafkaError._AUTHENTICATION].str(), settings)
    said = "; ".join(dict.fromkeys(error.str() for error in errors))
    for code in _NOT_ALLOWED:
        if code in kinds:
            return not_allowed(kinds[code].str(), settings)
    if KafkaError._SSL in kinds:
        if "verify failed" in said:
            return _distrusted(said, settings)
        return f"no TLS can be agreed on; check kafka.ca, kafka.cert and kafka.key ({said})"
    if "PLAINTEXT broker listener" in said:
        return f"it speaks no TLS there; kafka.protocol is {settings.protocol}"
    if KafkaError._RESOLVE in kinds:
        return "its host has no address; check kafka.bootstrap"
    if kinds.keys() & _NO_TOPIC:
        return f"a topic is not there ({said}); run pult topics, or mend kafka.prefix"
    if "refused" in said or not _somebody_listens(settings.bootstrap):
        return "nobody listens there; start it, or check kafka.bootstrap"
    if KafkaError._ALL_BROKERS_DOWN in kinds:
        return (
            f"it closes the connection, as where TLS or a password is wanted; kafka.protocol "
            f"is {settings.protocol}"
        )
    # Codes of brokers are positive; what the client says besides is only what came of it.
    answers = "; ".join(dict.fromkeys(each.str() for each in errors if each.code() > 0))
    if answers:
        return f"it does not take it: {answers}; check the brokers and the topics"
    return f"no answer within {PATIENCE_SECONDS:g} s; check kafka.bootstrap ({said})"


def _distrusted(said: str, settings: KafkaSettings) -> str:
    """Return why a certificate is not trusted: the client does not say it, so we look at it."""
    found = [_untrusted(each, settings) for each in dict.fromkeys(_TLS_ADDRESS.findall(said))]
    error = next(filter(None, found), None)
    if error is not None and is_of_another_host(error):
        return (
            "its certificate is for another host; check kafka.bootstrap and the brokers' "
            "advertised.listeners"
        )
    if error is not None and is_out_of_date(error):
        return f"{error.verify_message}; renew it on the brokers, or set the clock here"
    who = settings.ca or "the system's authorities"
    return f"its certificate is not of {who}; set kafka.ca to its authority's file"


def _untrusted(address: str, settings: KafkaSettings) -> ssl.SSLCertVerificationError | None:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with closing(socket.create_connection((host, int(port)), _SURE_SECONDS)) as plain:
            _ssl_context(settings).wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return error
    except (OSError, ValueError, SettingsInvalid):
        pass
    return None


def not_allowed(what: str, settings: KafkaSettings) -> str:
    """Return in one line that an ACL is missing, for whom."""
    who = settings.username or ("the certificate" if settings.cert else "anybody")
    return f"{who} may not: {what} (ACL of the brokers)"


def require_group(client: AdminClient, group: str, settings: KafkaSettings) -> None:
    """Look whether we may join a group: Faust asks again for ever, and says nothing.

    Raises:
        KafkaUnusable: we may not.
    """

    def ask(seconds: float) -> Mapping[str, _Rights]:
        asked = client.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=seconds
        )
        return {group: asked[group].result().authorized_operations}

    try:
        allowed = _rights(ask)[group]
    except KafkaException as error:
        # Of any other failure the consumer will tell; of a group that is not there yet, none.
        if error.args[0].code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
            return
        allowed = []
    if allowed is not None and AclOperation.READ not in allowed:
        told = not_allowed(f"join group {group}", settings)
        msg = f"cannot use Kafka at {settings.bootstrap}: {told}"
        raise KafkaUnusable(msg)


def require_topics(
    client: AdminClient, settings: KafkaSettings, *, read: Iterable[str], written: Iterable[str]
) -> None:
    """Look whether we may read and write topics that are there.

    A worker that is refused later has begun already, and tells of it in its clients' words.

    Raises:
        KafkaUnusable: we may not.
    """
    wanted = [(name, AclOperation.READ, f"read {name}") for name in read]
    wanted += [(name, AclOperation.WRITE, f"write to {name}") for name in written]
    names = TopicCollection(sorted({name for name, *_ in wanted}))

    def ask(seconds: float) -> Mapping[str, _Rights]:
        asked = client.describe_topics(
            names, include_authorized_operations=True, request_timeout=seconds
        )
        return {name: each.result().authorized_operations for name, each in asked.items()}

    try:
        rights = _rights(ask)
    except KafkaException:
        # Brokers that are gone again are told of by whoever needs them next.
        return
    for name, operation, what in wanted:
        allowed = rights[name]
        if allowed is not None and operation not in allowed:
            msg = f"cannot use Kafka at {settings.bootstrap}: {not_allowed(what, settings)}"
            raise KafkaUnusable(msg)


def _rights(ask: Callable[[float], Mapping[str, _Rights]]) -> Mapping[str, _Rights]:
    """Ask what we may do, again with more patience [s] where a broker does not answer.

    Raises:
        KafkaException: they do not say it.
    """
    *sooner, last = _RIGHTS_SECONDS
    for seconds in sooner:
        try:
            return ask(seconds)
        except KafkaException as error:
            if error.args[0].code() not in _UNANSWERED:
                raise
    return ask(last)


def _refused(said: str, settings: KafkaSettings) -> str:
    if "SASL state" in said:
        return f"it asks for no password there; kafka.protocol is {settings.protocol}"
    if "Unsupported SASL mechanism" in said:
        offered = said.rpartition("mechanisms:")[2].partition("(")[0].strip()
        return f"it does not know kafka.mechanism {settings.mechanism} (it offers: {offered})"
    return (
        f"it refuses {settings.username} with the password of ${settings.password_env}; "
        "check kafka.username and kafka.password_env"
    )


def _somebody_listens(bootstrap: str) -> bool:
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            with closing(socket.create_connection((host.strip("[]"), int(port)), 1)):
                return True
        except (OSError, ValueError):
            continue
    return False
