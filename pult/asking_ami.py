"""One question to a manager interface: are we let in, which version, what is its clock."""

import os
import time
from typing import NamedTuple

from producers.asterisk.clock import SourceClock
from producers.asterisk.session import AmiSession, Credentials
from producers.asterisk.wire import Address, connect
from schemas.errors import SourceUnreachable

PATIENCE_SECONDS = 10.0
_PORTION = 64 * 1024


class Answer(NamedTuple):
    """What a PBX said of itself; `skew_seconds` is its clock less ours, if it told it."""

    version: str
    skew_seconds: float | None


def ask(address: Address, login: Credentials) -> Answer:
    """Log in, ping once, and leave.

    Raises:
        SourceUnreachable: nobody answers, or no manager interface does.
        SourceRefused: we are not let in.
    """
    plug = connect(address)
    session, clock = AmiSession(login, f"pult-doctor-{os.getpid()}"), SourceClock("doctor")
    give_up = time.monotonic() + PATIENCE_SECONDS
    asked = False
    with plug:
        while not session.pongs:
            if session.phase == "in" and not asked:
                asked = True
                session.ping()
            left = give_up - time.monotonic()
            if left <= 0:
                msg = (
                    f"no answer within {PATIENCE_SECONDS:g} s; check {address.settings}.host "
                    "and port"
                )
                raise SourceUnreachable(msg)
            plug.settimeout(left)
            try:
                plug.sendall(session.outgoing())
                if session.phase == "in" and not asked:
                    continue
                chunk = plug.recv(_PORTION)
            except TimeoutError:
                continue
            except OSError as error:
                msg = f"the connection was cut ({error.strerror or error})"
                raise SourceUnreachable(msg) from error
            if not chunk:
                msg = "it closed the connection; check permit= and acl= in manager.conf"
                raise SourceUnreachable(msg)
            clock.framed(session.receive(chunk), time.time_ns() // 1000)
        session.leave()
        plug.settimeout(1.0)
        plug.sendall(session.outgoing())
    skew = clock.skew_us
    return Answer(session.version, None if skew is None else skew / 1_000_000)
