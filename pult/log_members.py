"""Whether a file is a queue log, and calls members by interface where it should use names."""

from pathlib import Path

from producers.recording import PORTION, QUEUE_LOG, sniff

NO_QUEUE_LOG = "is no queue log (epoch|callid|queue|agent|verb)"
"""What is said of a file that is something else."""

_TAIL_BYTES = 1 << 20
_MEMBERSHIP = frozenset({"ADDMEMBER", "REMOVEMEMBER"})


def is_something_else(log: Path) -> bool:
    """Tell whether a file begins with text that no queue log has; one that is empty may be."""
    try:
        with log.open("rb") as file:
            head = file.read(PORTION)
    except OSError:
        return False
    return head != b"" and sniff(head, QUEUE_LOG) != ""


def called_by_interface(log: Path) -> str:
    """Return an interface by which the end of a queue log tells of joining or leaving a queue.

    '' if there is none, or if breaks and calls are told by interface, too: then the members
    have no other names.
    """
    joining: dict[str, None] = {}
    acting = set()
    for line in _tail(log).splitlines():
        fields = line.split("|")
        if len(fields) < 5 or fields[3] in ("", "NONE"):
            continue
        if fields[4] in _MEMBERSHIP:
            joining[fields[3]] = None
        else:
            acting.add(fields[3])
    interfaces = [each for each in joining if "/" in each]
    return "" if acting.intersection(interfaces) else next(iter(interfaces), "")


def complaint(setting: str, log: Path, *, with_ami: bool) -> str:
    """Return what to do about a queue log that calls members by their interface, '' if none."""
    interface = called_by_interface(log)
    if not interface:
        return ""
    text = (
        f"{setting}: members join and leave queues by interface, as {interface}; set "
        "log_membername_as_agent = yes in queues.conf"
    )
    if with_ami:
        return f"{text}, and the log heals log-ins that AMI lost, too"
    return f"{text}, or they are agents beside those of their names"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
