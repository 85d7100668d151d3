"""A store that is away or refuses, records that are no good: nothing is lost without a word."""

import os
import signal
import time
from pathlib import Path

import pytest

from schemas.facts import encode
from tests.integration.conftest import NewCluster
from tests.integration.half_hour import half_hour
from tests.integration.sinks import Pipe
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import eventually, site
from tests.kafka import free_port
from tests.pult.command import once
from tests.shells.records import of
from tests.sql.examples import dirty_day, leg, offer


def test_a_store_that_is_away_for_a_while_gets_everything_afterwards(pipe: Pipe) -> None:
    sink = pipe.sink()
    eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
    pipe.store.end(signal.SIGKILL)
    pipe.publish(half_hour(1_000), tenants=1)

    eventually("not ready", 60, lambda: sink.status("/readyz")[0] == 503)
    told, alive = sink.status("/readyz")[1], sink.status("/healthz")[0]
    pipe.store.start()
    pipe.wait_until_stored()
    eventually("ready again", 60, lambda: sink.status("/readyz")[0] == 200)
    code = sink.end()

    assert alive == 200
    assert "nobody listens there; start it, or check clickhouse.url" in told
    assert sink.said.count("nothing is lost, the log keeps it until it is stored") == 1
    assert "stores again after" in sink.said
    # What its client says of each attempt.
    assert "Retrying" not in sink.said
    assert code == 0
    tenant = pipe.tenant(0)
    assert (
        pipe.store.number(f"SELECT count() FROM pult.events WHERE tenant = '{tenant}'") == 1_000
    )


def test_a_store_that_hangs_is_told_of_and_holds_up_no_stop(pipe: Pipe) -> None:
    """As one does on a disk that hangs: connections are taken, nothing is answered."""
    sink = pipe.sink()
    eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
    assert pipe.store.process is not None
    pipe.store.process.send_signal(signal.SIGSTOP)
    try:
        pipe.publish(half_hour(100), tenants=1)
        eventually("an insert runs", 60, lambda: bool(pipe.pending()))
        eventually("not ready", 40, lambda: "an insert takes" in sink.status("/readyz")[1])
        began = time.monotonic()
        code = sink.end()
        took = time.monotonic() - began
    finally:
        pipe.store.process.send_signal(signal.SIGCONT)
    again = pipe.sink()
    pipe.wait_until_stored()
    again.end()

    assert code == 1
    # What systemd and Docker wait before they kill is 30 s and 20 s.
    assert took < 18
    assert "pult: the store has not answered within 10 s; nothing is lost" in sink.said
    assert pipe.doubled() == {}


def test_brokers_that_hang_are_not_taken_for_a_store_that_does(
    new_cluster: NewCluster, store: Store, prefix: str, tmp_path: Path
) -> None:
    cluster = new_cluster()
    cluster.start()
    (broker,) = cluster.brokers
    with site(cluster.bootstrap, prefix, tmp_path) as made:
        pipe = Pipe(made, store)
        # So long that the records wait in the sink until it is told to stop.
        made.settings = f"{store.settings}[sink]\nflush_every = '20s'\n"
        sink = pipe.sink()
        eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
        pipe.publish(half_hour(100), tenants=1)
        eventually("records held", 20, lambda: sink.metrics()["pult_sink_pending_records"] > 0)
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            code = sink.end()
            took = time.monotonic() - began
        finally:
            os.kill(broker.pid, signal.SIGCONT)

    assert code == 1
    assert took < 18
    assert "pult: the brokers or the store have not answered within 10 s" in sink.said


def test_what_cannot_be_stored_is_rejected_whole_and_the_rest_goes_on(pipe: Pipe) -> None:
    name = pipe.tenant(0)
    ours = {"tenant": name, "domain": name}
    client = pipe.store.client()
    client.command(
        "ALTER TABLE pult.leg_history ADD CONSTRAINT sane CHECK queue_id != 'poison'"
    )
    good = [encode(leg(n, **ours)) for n in range(40)]
    refused = encode(leg(99, queue_id="poison", **ours))
    no_day = encode(dirty_day("the day before", **ours))
    too_big = encode(offer(1, **{**ours, "revision": 1 << 70}))
    foreign = encode(leg(7, tenant="another", domain="another"))
    broken = b'{"fact":"leg"'
    bad = [refused, no_day, too_big, foreign, broken]
    records = [*good[:20], *bad, *good[20:]]
    pipe.write("facts", [(0, name, value) for value in records])
    pipe.write("events", [(0, name, b"no event"), (0, name, of(half_hour(1)[0], "another"))])
    pipe.facts, pipe.events = {"any": len(records)}, 2

    sink = pipe.sink()
    pipe.wait_until_stored()
    metrics = sink.metrics()
    sink.end()
    client.command("ALTER TABLE pult.leg_history DROP CONSTRAINT sane")
    rows = client.query(
        "SELECT reason, detail, bytes, feed FROM pult.rejected WHERE tenant = {name:String} "
        "ORDER BY feed, revision",
        parameters={"name": name}, column_formats={"bytes": "bytes"},
    ).result_rows  # fmt: skip
    legs = client.query(f"SELECT count() FROM pult.legs WHERE tenant = '{name}'").result_rows
    client.close()

    assert legs == [(40,)]
    assert [row[2] for row in rows if row[3].endswith(".facts")] == bad
    reasons = [row[0] for row in rows]
    assert reasons == ["malformed", "foreign", "malformed", "malformed", "malformed", "foreign",
                       "malformed"]  # fmt: skip
    assert "offset 20 of partition 0: the store refuses it" in rows[2][1]
    assert "sane" in rows[2][1]
    assert metrics['pult_sink_rejected_total{reason="malformed",topic="facts"}'] == 4
    assert metrics['pult_sink_rejected_total{reason="foreign",topic="facts"}'] == 1


def test_too_many_rejects_stop_it_with_one_line_and_nothing_is_committed(pipe: Pipe) -> None:
    pipe.site.settings += "reject_least = 20\n"
    pipe.write("facts", [(0, pipe.tenant(0), b"no fact")] * 50)

    sink = pipe.sink()
    eventually("not ready", 60, lambda: "rejected" in sink.status("/readyz")[1])
    code = sink.wait()

    assert code == 1
    assert "sink.reject_share" in sink.complaint
    assert pipe.committed()["facts"] == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("password_env = 'SINK_PASSWORD'", "clickhouse.password_env"),
        ("", "set clickhouse.password_env"),
        ("password_env = 'NOT_SET'", "NOT_SET (clickhouse.password_env) is not set"),
        ("password_file = '/nowhere'", "clickhouse.password_file: cannot read /nowhere"),
    ],
)
def test_a_password_that_is_wrong_is_one_line(
    store: Store, tmp_path: Path, wrong: str, told: str
) -> None:
    config = tmp_path / "pult.toml"
    config.write_text(f"[clickhouse]\nurl = '{store.url}'\n{wrong}\n")

    done = once("sink", "--config", config, env={"SINK_PASSWORD": "a wrong one"})

    assert done.code == 1
    assert told in done.complaint
    assert "a wrong one" not in done.err + done.out


def test_a_server_that_cannot_be_reached_is_one_line(store: Store, tmp_path: Path) -> None:
    config = tmp_path / "pult.toml"
    for url, told in (
        (store.url.replace("http:", "https:"), "it speaks no TLS there; clickhouse.url"),
        (f"http://127.0.0.1:{free_port()}", "nobody listens there"),
        ("http://nowhere.invalid:8123", "no address; check clickhouse.url"),
        ("http://user:secret@127.0.0.1", "clickhouse.url: must be"),
    ):
        config.write_text(f"[clickhouse]\nurl = '{url}'\n")
        done = once("migrate", "--config", config)
        assert done.code == 1
        assert told in done.complaint


def test_tables_that_are_not_those_of_this_program_are_one_line(
    store: Store, tmp_path: Path
) -> None:
    config = tmp_path / "pult.toml"
    config.write_text(store.settings)
    client = store.client()

    def refusal() -> str:
        return once("sink", "--config", config, env={"SINK_PASSWORD": PASSWORD}).complaint

    client.command("INSERT INTO pult.migrations (name, sha256) VALUES ('9999_later.sql', '')")
    newer = refusal()
    client.command("ALTER TABLE pult.migrations DELETE WHERE name LIKE '9999%'",
                   settings={"mutations_sync": 1})  # fmt: skip
    client.command("ALTER TABLE pult.events RESET SETTING non_replicated_deduplication_window")
    forgetful = refusal()
    client.command(
        "ALTER TABLE pult.events MODIFY SETTING non_replicated_deduplication_window = 10000"
    )
    doctor = once("doctor", "--config", config, env={"SINK_PASSWORD": PASSWORD}, cwd=tmp_path)
    client.close()

    assert "newer pult (9999_later.sql is unknown here)" in newer
    assert "pult.events does not remember 1000 insert tokens" in forgetful
    assert "ok      clickhouse: tables are right and can be written" in doctor.out
