"""Recorded direct and transferred calls, from a capture to SQL, through the command."""

from pathlib import Path

from tests import cacofonisk
from tests.pult.command import all_good, rows

SETTINGS = """
[agents.Anna]
devices = ["SIP/150010001"]
[agents.Boris]
devices = ["SIP/150010002"]
[agents.Clara]
ids = ["150010003"]
"""
RECORDINGS = (
    "xfer_attended/xfer_abbcac",
    "queue/queue_attn_xfer",
    "simple/ab_success_a_hangup",
)


def test_direct_calls_are_in_the_history_whatever_the_order_of_imports(tmp_path: Path) -> None:
    names = []
    for name in RECORDINGS:
        names.append(f"{Path(name).name}.log")
        (tmp_path / names[-1]).write_bytes(cacofonisk.capture(name))
    (tmp_path / "pult.toml").write_text(SETTINGS)
    load = ("import", "asterisk-ami", "--source", "pbx1")

    said, again, _, _, _, one, other = all_good(
        (*load, *names, "--data", "at-once"),
        (*load, *names, "--data", "at-once"),
        *((*load, name, "--data", "in-turn") for name in reversed(names)),
        ("digest", "--data", "at-once"),
        ("digest", "--data", "in-turn"),
        cwd=tmp_path,
    )

    # Two legs of a call, three of a transfer, two of the transfer of a customer.
    assert "0 queue visits and 7 direct calls in the history" in said
    assert "0 queue visits and 7 direct calls in the history" in again
    assert one == other
    legs = "agent_id, direction, transfer_kind, transferred_to, ended_by"
    found = rows(tmp_path / "at-once", f"SELECT {legs} FROM legs ORDER BY entered_at, agent_id")
    assert [tuple(row.values()) for row in found] == [
        ("Anna", "internal", "", "", "agent"),
        ("Boris", "internal", "", "", "caller"),
        ("Anna", "internal", "", "", "caller"),
        ("Boris", "internal", "attended", "Clara", "agent"),
        ("Clara", "internal", "", "", "agent"),
        ("Anna", "in", "attended", "Boris", "agent"),
        ("Boris", "in", "", "", "agent"),
    ]
    contacts = "legs, queue_hops, transfers, agents, first_queue_id"
    by_time = f"SELECT {contacts} FROM interactions ORDER BY started_at"
    assert [tuple(row.values()) for row in rows(tmp_path / "at-once", by_time)] == [
        (2, 0, 0, 2, ""),
        (3, 0, 1, 3, ""),
        (2, 0, 1, 2, ""),
    ]
