"""A decision or a plan said to Kafka: by the command, through worker and sink, to the store."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import schemas.events as e
from tests.integration.sinks import Pipe
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import Site, eventually
from tests.pult.command import Done, pult
from tests.shells.records import of
from tests.timetable import values

LATE = """
    09:00:00  login   Anna sales
    10:00:00  pause   Anna sales lunch
    10:15:00  beat
"""


TOKEN = "correct-horse-battery"


def posted(address: str, body: dict[str, str], token: str) -> int:
    """Return the status that a decision is answered with."""
    headers = {"Authorization": f"Bearer {token}"}
    request = Request(address, json.dumps(body).encode(), headers, method="POST")
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def test_an_excuse_goes_by_way_of_kafka_to_its_tenant_alone(
    installation: Site, store: Store, tmp_path: Path
) -> None:
    pipe = Pipe(installation, store)
    ours, other = pipe.tenant(0), pipe.tenant(1)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    installation.settings += f"[desk]\ntoken_file = '{token}'\n"
    log = values(LATE)
    installation.publish([(name, of(value, name)) for name in (ours, other) for value in log])
    worker = installation.worker("w1", env={"SINK_PASSWORD": PASSWORD})
    pipe.sink()
    config = installation.folder / "pult.toml"

    def said(*words: str) -> Done:
        place = ("--server", "--config", config, "--data", tmp_path / "none")
        return pult("violations", *words, *place, env={"SINK_PASSWORD": PASSWORD})

    def states(tenant: str) -> list[str]:
        query = f"SELECT state FROM pult.violations WHERE tenant = '{tenant}'"
        return [str(state) for (state,) in store.ask(query)]

    def stored() -> bool:
        return states(ours) == states(other) == ["firing"]

    eventually("the episodes are stored", 60, stored)
    told = said("list", "--tenant", ours, "--format", "JSONEachRow").out
    episode = json.loads(told)["episode_id"]
    reason = ("--by", "Maria", "--reason", "a doctor")
    unnamed = said("excuse", episode, *reason)
    unknown = said("excuse", "0" * 16, *reason, "--tenant", ours)
    done = said("excuse", episode, *reason, "--tenant", ours)
    eventually("it counts no more", 60, lambda: states(ours) == ["excused"])

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"kept in {installation.prefix}.events\n")
    assert f"no episode {episode} of main is known" in unnamed.complaint
    assert f"no episode {'0' * 16} of {ours} is known" in unknown.complaint
    # The other tenant's Anna did the same at the same instant, and her episode has the same id.
    assert states(other) == ["firing"]
    active = [each for each in worker.metrics() if each.startswith("cc_violation_active{")]
    assert len(active) == 1
    assert f'tenant="{other}"' in active[0]

    # The same over HTTP, from the worker.
    place = f"{worker.address}/violations/{episode}/neutral?tenant"
    body = {"author": "Ivan", "reason": "phones were down"}
    assert posted(f"{place}={other}", body, "x" * 20) == 401
    assert posted(f"{place}=main", body, TOKEN) == 404
    assert posted(f"{place}={other}", {"author": "Ivan"}, TOKEN) == 400
    assert posted(f"{place}={other}", body, TOKEN) == 200
    eventually("the other's counts no more", 60, lambda: states(other) == ["excused"])


def test_a_plan_goes_by_way_of_kafka_and_is_judged_live_and_in_the_store(
    installation: Site, store: Store, tmp_path: Path
) -> None:
    pipe = Pipe(installation, store)
    ours = pipe.tenant(2)
    installation.publish([(ours, of(value, ours)) for value in values("08:00 beat" + LATE)])
    worker, _ = installation.worker("w1"), pipe.sink()
    plan = tmp_path / "plan.csv"
    plan.write_text("agent,kind,from,to\nAnna,work,2026-03-02T09:00Z,2026-03-02T18:00Z\n")

    def imported() -> Done:
        return pult(
            "import", "schedule", plan, "--tenant", ours, "--data", tmp_path / "none",
            "--config", installation.folder / "pult.toml", env={"SINK_PASSWORD": PASSWORD},
        )  # fmt: skip

    def rows(query: str) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in store.ask(f"{query} WHERE tenant = '{ours}'")]

    eventually(
        "Anna is known", 60, lambda: bool(rows("SELECT agent_id FROM pult.agent_sessions"))
    )
    done = imported()
    judged = ("unscheduled_break", "firing")
    eventually(
        "the break is against the plan", 60,
        lambda: judged in rows("SELECT code, state FROM pult.violations"),
    )  # fmt: skip

    assert done.err == ""
    assert "1 new or changed" in done.out
    assert rows("SELECT agent_id, activity FROM pult.schedules") == [("Anna", "work")]
    assert "nothing changed" in imported().out
    eventually(
        "it is live", 30,
        lambda: any(
            'code="unscheduled_break"' in each and f'tenant="{ours}"' in each
            for each in worker.metrics()
        ),
    )  # fmt: skip


def test_of_two_imports_at_once_the_later_holds_whole(
    installation: Site, store: Store, tmp_path: Path
) -> None:
    """Neither hears of the other, for the sink stands still until both have said theirs."""
    pipe = Pipe(installation, store)
    ours = pipe.tenant(3)
    installation.publish([(ours, of(value, ours)) for value in values("08:00 beat")])
    installation.worker("w1")
    sink = pipe.sink()
    soon = datetime.now(UTC).date() + timedelta(days=2)
    days = ("2026-03-02", "2026-03-03", soon.isoformat())

    def imported(name: str, *ends: str) -> Done:
        """Plan work until so many o'clock on each of the days."""
        plan = tmp_path / f"{name}.csv"
        spans = zip(days, ends, strict=True)
        rows = (f"Anna,work,{day}T09:00Z,{day}T{end}:00Z" for day, end in spans)
        plan.write_text("\n".join(["agent,kind,from,to", *rows, ""]))
        return pult(
            "import", "schedule", plan, "--tenant", ours, "--data", tmp_path / "none",
            "--new-agents", "--config", installation.folder / "pult.toml",
            env={"SINK_PASSWORD": PASSWORD},
        )  # fmt: skip

    def said() -> list[e.SchedulePublishedData]:
        logs = installation.read("events").values()
        told = [e.decode(value) for log in logs for _, value in log if value is not None]
        plans = [event for event in told if isinstance(event, e.SchedulePublished)]
        return [event.data for event in plans if event.tenant == ours]

    def held() -> list[str]:
        query = f"FROM pult.schedules WHERE tenant = '{ours}' ORDER BY started_at"
        return [end for (end,) in store.ask(f"SELECT formatDateTime(ended_at, '%H') {query}")]

    first = imported("first", "18", "18", "18")
    eventually("the first is stored", 60, lambda: held() == ["18"] * 3)
    # What one leaves as it was, the other changes: a day that is over, and one to come.
    wanted = {"17": ("17", "17", "18"), "16": ("16", "18", "16")}
    sink.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(2) as both:
        running = [both.submit(imported, name, *ends) for name, ends in wanted.items()]
        try:
            eventually("both have said theirs", 60, lambda: len(said()) == 3 + 3 + 2)
        finally:
            sink.process.send_signal(signal.SIGCONT)
        done = [each.result() for each in running]
    last = max(said()[3:], key=lambda plan: (plan.version, plan.day == days[0]))
    later = wanted[last.items[0].ends_at[11:13]]

    assert [(each.code, each.err) for each in [first, *done]] == [(0, "")] * 3
    assert last.day == days[0]
    assert all(" 2 new or changed" in each.out for each in done)
    eventually("the later holds, whole", 60, lambda: held() == list(later))
    # The day that is over was said only because the other had changed it.
    assert len(said()) == (9 if later == wanted["16"] else 8)
    assert "nothing changed" in imported("again", *later).out
