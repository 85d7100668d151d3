"""What the doctor finds of ports, clocks and files; of brokers and stores see integration."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pult import clock
from tests.fake_pbx import FakePbx
from tests.kafka import free_port
from tests.pult.command import Demo, good, in_turn

_LISTENER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("listens", flush=True)
    sys.stdin.read()
"""


@contextmanager
def somebody_at(port: int) -> Iterator[int]:
    """A process of others that has a port; its process id."""
    with subprocess.Popen(
        [sys.executable, "-c", _LISTENER, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def lines(out: str, word: str) -> list[str]:
    """Return the findings that hold a word."""
    return [line for line in out.splitlines() if word in line]


def test_a_free_port_is_free_and_one_of_others_names_them(tmp_path: Path) -> None:
    free, taken = free_port(), free_port()
    (tmp_path / "pult.toml").write_text(f"[http]\nwall_port = {free}\nsql_port = {taken}\n")

    with somebody_at(taken) as process:
        (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 1
    assert lines(done.out, str(free)) == [f"ok      port {free} (http.wall_port) is free"]
    (told,) = lines(done.out, str(taken))
    assert told.startswith(f"PROBLEM port {taken} (http.sql_port) is taken by python")
    assert told.endswith(f"(process {process}); stop it, or set another port")


def test_a_port_that_we_have_ourselves_is_no_problem(ended: Demo, tmp_path: Path) -> None:
    port = ended.sql.rstrip("/").rpartition(":")[2]
    (tmp_path / "pult.toml").write_text(f"[http]\nwall_port = 0\nsql_port = {port}\n")

    told = good("doctor", "--data", ended.data, cwd=tmp_path)

    assert f"ok      port {port} (http.sql_port) is that of pult demo" in told
    assert f"(process {ended.process.pid})" in told


def test_an_address_of_another_machine_names_the_setting(tmp_path: Path) -> None:
    # TEST-NET-1 of RFC 5737 is nobody's.
    (tmp_path / "pult.toml").write_text('[http]\nhost = "192.0.2.1"\nsql_port = 0\n')

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 1
    (told,) = lines(done.out, "192.0.2.1")
    assert told.endswith("EADDRNOTAVAIL; check http.host and http.wall_port")


def test_a_clock_that_was_set_back_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text("[http]\nwall_port = 0\nsql_port = 0\n")
    journal = tmp_path / "data" / "journal"
    journal.mkdir(parents=True)
    day = journal / "2026-03-02.sqlite"
    day.touch()
    now = time.time()

    os.utime(day, (now, now + 30))
    assert clock.behind_seconds(journal) == 0
    os.utime(day, (now, now + 3600))
    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 1
    (told,) = lines(done.out, "clock:")
    assert told.startswith("PROBLEM clock: 3")
    assert told.endswith("set the clock right")


def a_capture(path: Path) -> None:
    path.write_text("Asterisk Call Manager/7.0.3\r\nEvent: FullyBooted\r\n\r\n")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Path.touch, "can be read"),
        (Path.mkdir, "is no file; mend the path"),
        (a_capture, "is no queue log (epoch|callid|queue|agent|verb); mend the path"),
        (None, "is not there; set queue_log = yes in logger.conf"),
    ],
)
def test_a_queue_log_is_looked_for(
    tmp_path: Path, make: Callable[[Path], None] | None, told: str
) -> None:
    log = tmp_path / "queue_log"
    if make:
        make(log)
    (tmp_path / "pult.toml").write_text(
        f'[http]\nwall_port = 0\nsql_port = 0\n[sources.pbx1]\nkind = "asterisk"\n'
        f'queue_log = "{log}"\n'
    )

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == (0 if make is Path.touch else 1)
    (line,) = lines(done.out, "sources.pbx1.queue_log")
    assert told in line


@pytest.mark.parametrize(
    ("by_interface", "acts", "code"), [("SIP/7", "Anna", 1), ("SIP/7", "SIP/7", 0),
                                       ("Anna", "Anna", 0)],
)  # fmt: skip
def test_members_by_interface_in_a_queue_log_alone_are_a_problem(
    tmp_path: Path, by_interface: str, acts: str, code: int
) -> None:
    log = tmp_path / "queue_log"
    log.write_text(
        f"1772442000|MANAGER|sales|{by_interface}|ADDMEMBER|\n"
        f"1772442010|NONE|sales|{acts}|PAUSE|tea\n1772442020|NONE|NONE|NONE|CONFIGRELOAD|\n"
        f"1772442030|7.1|sales|{acts}|CONNECT|3|7.2|2\n"
    )
    (tmp_path / "pult.toml").write_text(
        f'[http]\nwall_port = 0\nsql_port = 0\n[sources.pbx1]\nkind = "asterisk"\n'
        f'queue_log = "{log}"\n'
    )
    data = ("--data", tmp_path / "data")

    looked, imported = in_turn(
        ("doctor", *data), ("import", "asterisk-queue-log", log, *data), cwd=tmp_path
    )

    told = "members join and leave queues by interface, as SIP/7; set log_membername_as_agent"
    assert looked.code == code, looked
    assert (told in looked.out) == bool(code)
    assert ("1 agent did nothing but join and leave queues" in imported.out) == bool(code)


def test_a_source_that_nothing_reads_is_remarked(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text(
        '[http]\nwall_port = 0\nsql_port = 0\n[sources.pbx1]\nkind = "asterisk"\n'
    )

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 0
    (line,) = lines(done.out, "sources.pbx1")
    assert "names no feed; set ami or queue_log" in line


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ("", 1, "PROBLEM sources.hs.webhook: mapping hubspot, POST /hooks/hs at 0; the sender "
         "signs the address: set public_url to it, or no signature is right"),
        (', public_url = "https://crm.example/hooks/hs"', 0,
         "ok      sources.hs.webhook: mapping hubspot, POST /hooks/hs at 0"),
    ],
)  # fmt: skip
def test_an_address_that_is_signed_must_be_known(
    tmp_path: Path, more: str, code: int, told: str
) -> None:
    (tmp_path / "pult.toml").write_text(
        "[http]\nwall_port = 0\nsql_port = 0\nwebhook_port = 0\n[sources.hs]\n"
        f'kind = "webhook"\nwebhook = {{ mapping = "hubspot", secret_env = "HS"{more} }}\n'
    )

    (done,) = in_turn(
        ("doctor", "--data", tmp_path / "data"), cwd=tmp_path, env={"HS": "secret of HubSpot"}
    )

    assert done.code == code
    assert lines(done.out, "sources.hs") == [told]


def test_a_rule_that_no_source_tells_enough_for_is_named_with_what_is_missing(
    tmp_path: Path,
) -> None:
    log = tmp_path / "queue_log"
    log.touch()
    settings = (
        f'[http]\nwall_port = 0\nsql_port = 0\n[sources.pbx1]\nkind = "asterisk"\n'
        f'queue_log = "{log}"\n'
    )
    (tmp_path / "pult.toml").write_text(settings)

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    # A queue log has no line about holds, and none about calls that no queue sees.
    assert done.code == 0
    assert lines(done.out, "cannot be judged") == [
        "NOTE    rule long_hold cannot be judged: no source here tells cc.leg.held.v1, "
        "cc.leg.resumed.v1",
        "NOTE    rule ghost_busy cannot be judged: no source here tells cc.channel.started.v1, "
        "cc.channel.bridged.v1, cc.channel.ended.v1",
    ]
    assert {line.split()[2] for line in lines(done.out, "is not judged")} == {
        "dead_call", "unanswered_message",
    }  # fmt: skip


def test_who_counts_as_absent_before_he_is_late_is_named(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text(
        "[http]\nwall_port = 0\nsql_port = 0\n"
        "[teams.night.discipline.late_login]\ngrace = '30m'\n"
        "[agents.Anna]\nteam = 'night'\n"
        "[agents.Boris.discipline.no_show]\nafter = '1m'\n"
    )

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 0
    assert lines(done.out, "only absent") == [
        "NOTE    [teams.night]: late_login.grace (30m) is not below no_show.after (30m): "
        "nobody is late there, only absent",
        "NOTE    [agents.'Boris']: late_login.grace (2m) is not below no_show.after (1m): "
        "nobody is late there, only absent",
    ]


def test_a_team_of_nobody_is_named(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text(
        "[http]\nwall_port = 0\nsql_port = 0\n"
        "[teams.nigth.discipline.rona]\ncount = 5\n"
        "[teams.sales.discipline.rona]\ncount = 5\n"
        "[agents.Anna]\nteam = 'night'\n"
        "[queues.first]\nteam = 'sales'\n"
    )

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 0
    assert lines(done.out, "[teams.") == [
        "NOTE    [teams.nigth]: no agent and no queue is of this team, did you mean night?"
    ]


def test_a_phone_of_two_agents_is_named(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text(
        "[http]\nwall_port = 0\nsql_port = 0\n"
        "[agents.Anna]\ndevices = ['PJSIP/1001']\nids = ['1001']\n"
        "[agents.Boris]\ndevices = ['PJSIP/1001', 'PJSIP/1002']\n"
    )

    (done,) = in_turn(("doctor", "--data", tmp_path / "data"), cwd=tmp_path)

    assert done.code == 0
    assert lines(done.out, "[agents.") == [
        "NOTE    [agents.'Boris']: PJSIP/1001 is of 'Anna', who stands before; name it once"
    ]


SECRET = "secret-of-the-tests"


def asked_of(port: int, folder: Path, secret: str) -> tuple[int, list[str]]:
    """Return what the doctor says of a PBX."""
    (folder / "pult.toml").write_text(
        '[http]\nwall_port = 0\nsql_port = 0\n[sources.pbx1]\nkind = "asterisk"\n'
        f'ami = {{ port = {port}, secret_env = "PBX1_SECRET" }}\n'
    )
    env = {"PBX1_SECRET": secret}
    (done,) = in_turn(("doctor", "--data", folder / "data"), cwd=folder, env=env)
    assert not secret or secret not in done.out + done.err
    return done.code, lines(done.out, "PBX1_SECRET") or lines(done.out, "sources.pbx1.ami")


def test_a_pbx_that_lets_us_in_is_told_with_its_version_and_clock(tmp_path: Path) -> None:
    with FakePbx() as pbx:
        code, told = asked_of(pbx.port, tmp_path, SECRET)

    assert code == 0
    assert len(told) == 2
    assert told[0].startswith(
        f"ok      sources.pbx1.ami: 127.0.0.1:{pbx.port} lets us in, AMI "
    )
    assert re.fullmatch(
        r"ok      sources.pbx1.ami: its clock is 0\.\d s \w+( of)? ours", told[1]
    )
    assert {"Login", "Ping"} <= set(pbx.asked)


@pytest.mark.parametrize(
    ("ahead_seconds", "begins", "ends"),
    [
        (200, "PROBLEM ", "ahead of ours, so its events are rejected; set both by NTP"),
        (30, "NOTE ", "ahead of ours; set both by NTP"),
        (-30, "NOTE ", "behind ours; set both by NTP"),
    ],
)
def test_the_clock_of_a_pbx_is_judged(
    tmp_path: Path, ahead_seconds: int, begins: str, ends: str
) -> None:
    with FakePbx() as pbx:
        pbx.ahead_us = ahead_seconds * 1_000_000
        code, told = asked_of(pbx.port, tmp_path, SECRET)

    assert code == (1 if begins == "PROBLEM " else 0)
    assert told[1].startswith(begins)
    assert told[1].endswith(ends)


def test_a_pbx_that_cannot_be_used_names_the_setting(tmp_path: Path) -> None:
    with FakePbx() as pbx:
        refused = asked_of(pbx.port, tmp_path, "wrong")
        unset = asked_of(pbx.port, tmp_path, "")
    nobody = asked_of(free_port(), tmp_path, SECRET)

    assert [refused[0], unset[0], nobody[0]] == [1, 1, 1]
    assert "Authentication failed" in refused[1][0]
    assert "sources.pbx1.ami.username and PBX1_SECRET" in refused[1][0]
    assert "environment variable PBX1_SECRET (sources.pbx1.ami.secret_env)" in unset[1][0]
    assert "nobody listens there; check sources.pbx1.ami.host" in nobody[1][0]


def test_a_queue_that_is_told_in_two_ways_is_named(tmp_path: Path) -> None:
    log, data = tmp_path / "queue_log", ("--data", tmp_path / "data")
    log.write_text(
        "1772442000|1.1|Sales|NONE|ENTERQUEUE||5|1\n1772442010|1.1|sales|Bo|CONNECT|10|1.9|3\n"
    )

    _, done = in_turn(
        ("import", "asterisk-queue-log", log, *data), ("doctor", *data), cwd=tmp_path
    )

    (told,) = lines(done.out, "are one to Asterisk")
    assert told.startswith("PROBLEM queues Sales and sales are one to Asterisk: name it once")
