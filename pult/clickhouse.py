"""The settings of ClickHouse in the words of its client, and what its errors mean.

The password is only ever in the values returned here; no message of ours holds it.
"""

import logging
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from clickhouse_connect.driver.client import Client

from pult.secret import in_one_line
from pult.server_settings import ClickHouseSettings
from schemas.errors import SettingsInvalid, StoreFailed
from sql.migrate import check_schema
from sql.server import Server, check_tokens, check_version, check_writable, open_server

# What they say of a failed request comes as a failure of ours, in one line with what to do.
for _name in ("clickhouse_connect", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_CODE = re.compile(r"\bCode: (\d+)\b|\bcode: (\d+)\b")
_EXPIRED = re.compile(r"certificate (?:has expired|is not yet valid)")
_REFUSED = {"192", "193", "194", "516"}
_MAY_NOT = {"291", "497"}
_READ_ONLY = {"164", "242"}
_NOT_THERE = {"60", "81"}


def server(settings: ClickHouseSettings, environ: Mapping[str, str]) -> Server:
    """Return how to reach the server.

    Raises:
        SettingsInvalid: a file cannot be read, or the password is not in the environment.
    """
    return Server(
        url=settings.url.rstrip("/"),
        username=settings.username,
        password=_password(settings, environ),
        ca=_ca(settings),
        verify=settings.verify,
        connect_seconds=settings.connect_timeout.total_seconds(),
        answer_seconds=settings.timeout.total_seconds(),
    )


def _password(settings: ClickHouseSettings, environ: Mapping[str, str]) -> str:
    if settings.password_env:
        password = environ.get(settings.password_env, "")
        if not password:
            msg = (
                f"environment variable {settings.password_env} (clickhouse.password_env) is "
                "not set"
            )
            raise SettingsInvalid(msg)
        return in_one_line(password, settings.password_env, "clickhouse.password_env")
    if settings.password_file is None:
        return ""
    try:
        text = settings.password_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        msg = f"clickhouse.password_file: cannot read {settings.password_file}: {why}"
        raise SettingsInvalid(msg) from error
    return text.partition("\n")[0].strip()


def _ca(settings: ClickHouseSettings) -> str:
    if settings.ca is None:
        return ""
    try:
        ssl.create_default_context(cafile=settings.ca)
    except ssl.SSLError as error:
        msg = f"clickhouse.ca: {settings.ca} holds no PEM that can be used"
        raise SettingsInvalid(msg) from error
    except OSError as error:
        msg = f"clickhouse.ca: cannot read {settings.ca}: {error.strerror}"
        raise SettingsInvalid(msg) from error
    return str(settings.ca)


def connect(settings: ClickHouseSettings, environ: Mapping[str, str]) -> Client:
    """Return a client of a server that answers, lets us in and is new enough.

    Raises:
        StoreFailed: it does not; the message names the setting at fault.
        SettingsInvalid: as for `server`.
    """
    try:
        client = open_server(server(settings, environ))
    except StoreFailed as failure:
        raise StoreFailed(explained(failure, settings)) from failure
    try:
        check_version(str(client.server_version))
    except StoreFailed as failure:
        client.close()
        msg = f"cannot use ClickHouse at {settings.url}: {failure} (clickhouse.url)"
        raise StoreFailed(msg) from failure
    return client


def check(client: Client, settings: ClickHouseSettings) -> None:
    """Look whether the server has our schema, remembers insert tokens and can be written.

    Raises:
        StoreFailed: it is not ready for a sink; the message says what to do.
    """
    try:
        check_schema(client)
        check_tokens(client)
        check_writable(client)
    except StoreFailed as failure:
        raise StoreFailed(explained(failure, settings)) from failure


def explained(failure: StoreFailed, settings: ClickHouseSettings) -> str:
    """Return in one line what is wrong with the server, naming the setting to look at."""
    begins = f"cannot use ClickHouse at {settings.url}: "
    return begins + _cause(str(failure).removeprefix(begins), settings)


def _cause(said: str, settings: ClickHouseSettings) -> str:
    found = _CODE.search(said)
    code = (found[1] or found[2]) if found else ""
    if code in _REFUSED:
        return f"it refuses {settings.username} {_with_what(settings)}"
    if code in _MAY_NOT:
        return (
            f"{settings.username} has not the rights ({_told(said)}); grant them, or set "
            "clickhouse.username"
        )
    if code in _READ_ONLY:
        return (
            f"{settings.username} may only read there ({_told(said)}); give it a profile that "
            "writes (pult sql-server: --writable), or check clickhouse.url and "
            "clickhouse.username"
        )
    if code in _NOT_THERE:
        return (
            f"tables of Pult are not there ({_told(said)}); was it emptied, run pult migrate, "
            "then see Restoring in docs/operations.md; else check clickhouse.url"
        )
    if code or not _fails_to_connect(said):
        return said
    return _unreachable(said, settings)


def _with_what(settings: ClickHouseSettings) -> str:
    if settings.password_env:
        return (
            f"with the password of ${settings.password_env}; check clickhouse.username and "
            "clickhouse.password_env"
        )
    if settings.password_file:
        return (
            f"with the password in {settings.password_file}; check clickhouse.username and "
            "clickhouse.password_file"
        )
    return "without a password; set clickhouse.password_env"


def _told(said: str) -> str:
    return said.rpartition("DB::Exception: ")[2].strip().rstrip(".")


def _fails_to_connect(said: str) -> bool:
    return "HTTP" in said or "urllib3" in said or "Connection" in said or "SSL" in said


def _unreachable(said: str, settings: ClickHouseSettings) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in said or "certificate verify failed" in said:
        if "ostname mismatch" in said or "doesn't match" in said or "not valid for" in said:
            return "its certificate is for another host; check clickhouse.url"
        if expired := _EXPIRED.search(said):
            return f"{expired[0]}; renew it on the server, or set the clock here"
        who = settings.ca or "the system's authorities"
        return f"its certificate is not of {who}; set clickhouse.ca to its authority's file"
    if "WRONG_VERSION_NUMBER" in said or "wrong version number" in said.lower():
        return "it speaks no TLS there; clickhouse.url begins with https"
    if "NameResolution" in said or "getaddrinfo" in said or "Name or service" in said:
        return "its host has no address; check clickhouse.url"
    if "refused" in said:
        return "nobody listens there; start it, or check clickhouse.url"
    if not settings.tls and _speaks_tls(settings.url):
        return "it speaks TLS there; clickhouse.url must begin with https"
    if "timed out" in said:
        seconds = settings.connect_timeout.total_seconds()
        return f"no answer within {seconds:g} s; check clickhouse.url"
    return f"what answers there is no ClickHouse; check clickhouse.url ({said[:200]})"


def _speaks_tls(url: str) -> bool:
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with closing(
            socket.create_connection((parts.hostname or "", parts.port or 8123), 2)
        ) as plain:
            context.wrap_socket(plain).close()
    except OSError:
        return False
    return True
