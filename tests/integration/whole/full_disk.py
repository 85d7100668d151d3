"""A journal that cannot grow for a while, as on a full disk.

SQLite is told the limit by the connection that writes. So an adapter is started by a program
that looks before each commit whether its data folder holds a file `full`.
"""

import time

from tests.integration.whole.centre import Centre
from tests.pult.command import SECONDS, wait_for

CAN_BE_FULL = """
from producers.journal import Journal
inner = Journal.append
def append(journal, frames):
    # It cannot become smaller than the file is now.
    most = 1 if (journal._folder.parent / "full").exists() else 1_000_000_000
    with journal._turn:
        journal._days[-1]._connection.execute(f"PRAGMA max_page_count = {most}")
        return inner(journal, frames)
Journal.append = append
"""

_SAID = b"database or disk is full (free some space"
_LOOK_SECONDS = 0.1


def full_for(centre: Centre, tenant: str, seconds: float) -> int:
    """Have an adapter's disk full for a while, supervised; return how often it ended.

    Every life has to end with the one line and exit 1, as docs/operations.md has it.
    """
    part, full = centre.adapters[tenant], centre.data(tenant) / "full"
    part.wait_until_ready()
    said, restarts = part.log.stat().st_size, part.restarts

    def ended() -> bool:
        assert part.process is not None
        code = part.process.poll()
        assert code in (None, 1), part.last
        return code is not None

    full.touch()
    try:
        wait_for(ended, SECONDS, f"the end of the adapter of {tenant} on a full disk")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended()
            part.supervise()
            time.sleep(_LOOK_SECONDS)
    finally:
        full.unlink()
    part.wait_until_ready()
    ends = part.log.read_bytes()[said:].count(_SAID)
    assert ends == part.restarts - restarts, part.last
    # These had their reason; they are no sign of something else.
    part.restarts = restarts
    return ends
