"""Recorded calls of VoIPGRID's cacofonisk as a manager session would have sent them.

The recordings are arrays of messages without times. The second of a channel's birth is in its
Uniqueid; between births a message follows the one before by a millisecond, but somebody who
picks up, passes on or hangs up takes his time, as people do.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from producers.asterisk.frames import AmiFrames
from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.kinds import KINDS
from producers.recording import AMI
from schemas.events import Event
from tests.timetable import TENANT

COMMITTED = Path(__file__).parent / "recordings" / "cacofonisk"
ALL = Path(__file__).parents[2] / "shared" / "data" / "ami-cacofonisk"
NAMES = Naming(TENANT, TENANT, CallerKeys(b"a secret of the tests"))
PEOPLE_TAKE_MS = 4_000
CALM = 8
"""After so many messages that end nothing, an end is somebody's doing."""


def path_of(name: str) -> Path | None:
    """Return where a recording is, None if it is neither committed nor beside this checkout."""
    beside, packed = ALL / f"{name}.json", COMMITTED / f"{name}.json.gz"
    return beside if beside.exists() else packed if packed.exists() else None


def messages(path: Path) -> list[dict[str, str]]:
    """Return the headers of each message, with a Timestamp of our own."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [
        {**headers, "Timestamp": f"{at_ms // 1000}.{at_ms % 1000:03}000"}
        for at_ms, headers in _timed(json.loads(text))
    ]


def capture(name: str) -> bytes:
    """Return a recording as a manager session would have sent it, banner and all."""
    path = path_of(name)
    assert path is not None, name
    return b"Asterisk Call Manager/2.10.6\r\n" + b"".join(map(_wire, messages(path)))


def _wire(headers: Mapping[str, str]) -> bytes:
    lines = [f"Event: {headers['Event']}", "Privilege: call,all"]
    lines += [f"{key}: {value}" for key, value in headers.items() if key != "Event"]
    return "\r\n".join([*lines, "", ""]).encode()


def translated(told: Iterable[Mapping[str, str]]) -> list[Event]:
    """Return what messages stand for, each through the filter of noise and the translation."""
    found: list[Event] = []
    frames = AmiFrames()
    for headers in told:
        second, _, micros = headers["Timestamp"].partition(".")
        received_us = int(second) * 1_000_000 + int(micros[:6])
        for message in frames.feed(_wire(headers)):
            found += KINDS[AMI].translate(Frame("pbx1", "ami", received_us, message), NAMES)
    return found


def _timed(told: list[dict[str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    at_ms, going = 0, CALM
    for headers in told:
        at_ms = max(at_ms + 1, _born_ms(headers))
        name = headers["Event"]
        ends = name in ("BridgeLeave", "Hangup")
        if _picks_up(headers) or name == "BlindTransfer" or (ends and going >= CALM):
            at_ms += PEOPLE_TAKE_MS
        going = 0 if ends or _picks_up(headers) else going + 1
        if at_ms > 1:
            yield at_ms, headers


def _born_ms(headers: dict[str, str]) -> int:
    if headers["Event"] != "Newchannel":
        return 0
    return int(headers["Uniqueid"].rpartition("-")[2].partition(".")[0]) * 1000


def _picks_up(headers: dict[str, str]) -> bool:
    up = headers["Event"] == "Newstate" and headers["ChannelState"] == "6"
    return up and not headers["Channel"].startswith("Local/")
