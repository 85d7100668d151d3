"""Whether a port can be had on this machine, and if not, whose it is."""

import errno
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_LISTENS = "0A"
_WORDS_SHOWN = 4


class Holder(NamedTuple):
    """Who has a port: a program of ours or another one, in words for people."""

    ours: bool
    text: str


def trouble(host: str, port: int) -> str:
    """Return why an address cannot be listened at, an empty string if it can.

    The word is that of the system (`EADDRINUSE`, ...), or what is wrong with the name.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        return error.strerror or str(error)
    with socket.socket(family, kind) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(address)
            # Two may bind with SO_REUSEADDR; only one may listen.
            attempt.listen(1)
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
    return ""


def holder(port: int) -> Holder:
    """Return who listens at a port, as far as this user may see (Linux)."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in _PROC.glob("[0-9]*"):
        # Processes end while we look, and those of others are closed to us.
        with suppress(OSError):
            if any(str(each.readlink()) in wanted for each in (process / "fd").iterdir()):
                return _named(process)
    return Holder(ours=False, text="another user's process")


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _named(process: Path) -> Holder:
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    names = [Path(word).name for word in words[:2]]
    if "pult" in names:
        command = " ".join(["pult", *words[names.index("pult") + 1 :][:_WORDS_SHOWN]]).strip()
        return Holder(ours=True, text=f"{command} (process {process.name})")
    # Of others only the name: their words may hold anything.
    program = re.sub(r"[^\w.+-]", "", names[0]) or "a process"
    return Holder(ours=False, text=f"{program} (process {process.name})")
