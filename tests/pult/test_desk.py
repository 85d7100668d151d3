"""What is answered to whoever decides about an episode over HTTP, on a real journal."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from producers.desk.reviews import Decision, frame
from producers.frame import Frame
from producers.intake import Intake
from producers.journal import Journal
from pult import processor
from pult.desk import Desk
from pult.reviewing import unknown
from pult.settings import parse
from schemas.errors import SettingsInvalid

TOKEN = "correct-horse-battery"
EPISODE = "31b77c4a3ad7cf5d"
NOW_MS = 1_772_445_600_000
BODY = {"author": "Maria", "reason": "a doctor", "decided_at": NOW_MS - 500}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path, date(2026, 3, 2))
    yield opened
    opened.close()


@asynccontextmanager
async def desk(journal: Journal) -> AsyncIterator[str]:
    """Serve a desk that knows one episode; yields where."""
    intake = Intake(journal, lambda: date(2026, 3, 2), lambda: None)

    def keep(decision: Decision, tenant: str) -> None:
        if (decision.episode_id, tenant) != (EPISODE, ""):
            raise unknown(decision.episode_id, tenant)
        intake.take([frame(decision, NOW_MS * 1000)])

    served = Desk(TOKEN, keep, lambda: NOW_MS)
    application = web.Application()
    application.add_routes(served.routes())
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


async def answer(
    journal: Journal,
    body: Any = BODY,
    path: str = f"violations/{EPISODE}/excuse",
    token: str = f"Bearer {TOKEN}",
) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with desk(journal) as address, ClientSession() as session:
        headers = {"Authorization": token} if token else {}
        async with session.post(f"{address}{path}", data=data, headers=headers) as answered:
            return answered.status, await answered.text()


async def test_a_decision_is_in_the_journal_when_it_is_answered(journal: Journal) -> None:
    first = await answer(journal)
    again = await answer(journal)
    seen = await answer(journal, {"author": "Ivan"}, f"violations/{EPISODE}/ack")

    assert json.loads(first[1]) == {"episode_id": EPISODE, "verdict": "excused"}
    assert (first[0], again, seen[0]) == (200, first, 200)
    kept = [each for _, each in journal.read(0, 9)]
    frames = [each for each in kept if isinstance(each, Frame)]
    told = [json.loads(each.content.partition(b" ")[2]) for each in frames]
    assert [(each["author"], each["decided_at"]) for each in told] == [
        ("Maria", NOW_MS - 500), ("Ivan", NOW_MS),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "token",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x",
     "Bearer \xff"],
)  # fmt: skip
async def test_who_shows_no_token_learns_nothing(token: str, journal: Journal) -> None:
    status, text = await answer(journal, token=token)
    other, same = await answer(journal, path="violations/0000000000000000/ack", token=token)

    assert (status, other) == (401, 401)
    assert text == same
    assert text.count("\n") == 1
    assert journal.last_position == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("violations/0000000000000000/excuse", BODY, 404, "no episode 0000000000000000"),
        ("violations/none/excuse", BODY, 404, "16 hexadecimal digits"),
        (f"violations/{EPISODE}/forgive", BODY, 404, "known: ack, excuse, neutral"),
        (f"violations/{EPISODE}/excuse", b"", 400, "send a JSON object"),
        (f"violations/{EPISODE}/excuse", b"[]", 400, "send a JSON object"),
        (f"violations/{EPISODE}/excuse", b'{"author":"\xff"}', 400, "send a JSON object"),
        (f"violations/{EPISODE}/excuse", {"author": "Maria"}, 400, "a reason is needed"),
        (f"violations/{EPISODE}/neutral", {"author": "Maria"}, 400, "a reason is needed"),
        (f"violations/{EPISODE}/ack", {"author": ""}, 400, "author is not named"),
        (f"violations/{EPISODE}/ack", {"author": 1}, 400, "send a JSON object"),
        (f"violations/{EPISODE}/ack", {"author": "A", "by": "B"}, 400, "unknown field"),
        (f"violations/{EPISODE}/ack", {"author": "A", "decided_at": NOW_MS + 120_001}, 400,
         "from now"),
        (f"violations/{EPISODE}/ack", {"author": "A", "decided_at": 2**70}, 400, "from now"),
        (f"violations/{EPISODE}/ack", {"author": "A", "decided_at": NOW_MS - 86_400_001}, 400,
         "more than a day ago"),
        (f"violations/{EPISODE}/ack", b" " * 4097, 413, "at most 4096 bytes"),
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_one_line(
    path: str, body: Any, status: int, why: str, journal: Journal
) -> None:
    answered, text = await answer(journal, body, path)

    assert (answered, text.count("\n")) == (status, 1)
    assert why in text
    assert journal.last_position == 0


async def test_a_body_without_a_length_is_cut_off_too(journal: Journal) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    async with desk(journal) as address, ClientSession() as session:
        shown = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{address}violations/{EPISODE}/ack"
        async with session.post(url, data=pieces(), headers=shown) as answered:
            assert answered.status == 413


async def test_a_journal_that_cannot_be_written_is_said_and_nothing_is_promised(
    tmp_path: Path,
) -> None:
    closed = Journal.open(tmp_path, date(2026, 3, 2))
    closed.close()

    status, text = await answer(closed)

    assert status == 503
    assert text.startswith("nothing was kept: journal ")


async def test_it_cannot_be_read(journal: Journal) -> None:
    async with (
        desk(journal) as address,
        ClientSession() as session,
        session.get(f"{address}violations/{EPISODE}/ack") as answered,
    ):
        assert answered.status == 405


def test_a_worker_that_cannot_look_episodes_up_takes_no_decisions() -> None:
    named = parse("[desk]\ntoken_env = 'DESK'", "pult.toml")

    assert processor.desk(parse("", "pult.toml"), {}) is None
    with pytest.raises(SettingsInvalid, match=r"set \[clickhouse\]"):
        processor.desk(named, {"DESK": TOKEN})
    with pytest.raises(SettingsInvalid, match="DESK"):
        processor.desk(named, {})
