"""A connection to a manager interface, plain or TLS; every failure names its setting."""

import socket
import ssl
from pathlib import Path
from typing import NamedTuple

from producers.certificate import is_of_another_host, is_out_of_date
from schemas.errors import SettingsInvalid, SourceUnreachable

_CONNECT_SECONDS = 10.0
_RECEIVE_BYTES = 4 * 1024 * 1024


class Address(NamedTuple):
    """Where a manager interface is.

    `server_name` is what its certificate must be for; `settings` names the section of the
    settings, for complaints.
    """

    host: str
    port: int
    settings: str
    tls: ssl.SSLContext | None = None
    server_name: str = ""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def tls_context(ca: Path | None, *, verify: bool, settings: str) -> ssl.SSLContext:
    """Return what a connection is checked against.

    Args:
        ca: PEM file of the authority; None stands for the system's.
        verify: whether the certificate and its name are checked at all.
        settings: the section of the settings, for complaints.

    Raises:
        SettingsInvalid: the file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        msg = f"cannot use {ca} ({settings}.ca): {why}; give the PEM file of the authority"
        raise SettingsInvalid(msg) from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def connect(address: Address) -> socket.socket:
    """Return a connection, with TLS where that is wanted.

    Raises:
        SourceUnreachable: nobody listens there, or not in the way that is wanted.
    """
    try:
        plug = socket.create_connection((address.host, address.port), _CONNECT_SECONDS)
    except OSError as error:
        raise SourceUnreachable(_unconnected(address, error)) from error
    try:
        # A disk or a fold that stalls must not be felt by the PBX.
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls is None:
            return plug
        name = address.server_name or address.host
        return address.tls.wrap_socket(plug, server_hostname=name)
    except OSError as error:
        plug.close()
        raise SourceUnreachable(_untrusted(address, error)) from error


def _unconnected(address: Address, error: OSError) -> str:
    settings = address.settings
    if isinstance(error, socket.gaierror):
        return f"its name is not known; check {settings}.host"
    if isinstance(error, TimeoutError):
        return f"no answer; check {settings}.host and the firewall between"
    if isinstance(error, ConnectionRefusedError):
        return (
            f"nobody listens there; check {settings}.host and port, and enabled, bindaddr "
            "and port in manager.conf"
        )
    return f"{error.strerror or error}; check {settings}.host"


def _untrusted(address: Address, error: OSError) -> str:
    settings = address.settings
    if isinstance(error, ssl.SSLCertVerificationError):
        if is_of_another_host(error):
            return f"its certificate is for another name; set {settings}.server_name"
        if is_out_of_date(error):
            return f"{error.verify_message}; renew it on the PBX, or set the clock here"
        return (
            f"its certificate is not trusted ({error.verify_message}); "
            f"set {settings}.ca to the file of its authority"
        )
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return f"it speaks no TLS; check {settings}.port (5039?), or set {settings}.tls = false"
    if isinstance(error, ssl.SSLError) and error.reason in _OLD_TLS:
        return "it speaks no TLS of version 1.2 or later; update its OpenSSL, or use stunnel"
    if isinstance(error, TimeoutError):
        return f"it does not answer to TLS; check {settings}.port and {settings}.tls"
    why = getattr(error, "reason", None) or error.strerror or str(error)
    return f"TLS failed ({why}); check {settings}.port and {settings}.tls"


_OLD_TLS = ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")
_NO_TLS = ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING", "HTTP_REQUEST")
