"""The receivers that are given as examples: taken by Alertmanager, with secrets in files."""

import json
import re
import stat
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.alertmanager import RECEIVERS, post, running
from tests.deploy.programs import DEPLOY, ROOT, document, ran
from tests.deploy.test_routes import violation
from tests.pult.command import wait_for

OURS = DEPLOY / "alertmanager" / "alertmanager.yml"
EXAMPLES = DEPLOY / "alertmanager" / "receivers.yml"
SECRET = re.compile(r"(token|password|credentials|api_url|secret|_key)$")
KINDS = {"slack_configs", "telegram_configs", "email_configs", "webhook_configs"}


def joined(folder: Path) -> Path:
    """Make one file of the two, by the command of docs/operations.md."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (command,) = re.findall(r"^```sh\n(umask 077\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "telegram-token").write_text("123:abc\n")
    there = command.replace("/etc/alertmanager", str(folder))
    subprocess.run(["sh", "-eu", "-c", there], check=True, cwd=ROOT, stdout=subprocess.PIPE)
    return folder / "alertmanager.yml"


def test_the_two_files_become_one_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = joined(tmp_path)

    done = ran("amtool", "check-config", path)
    made = document(path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RECEIVERS)} receivers" in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "123:abc" in path.read_text()
    assert made["receivers"][1]["telegram_configs"][0]["bot_token"] == "123:abc"
    assert made | {"receivers": []} == document(OURS) | {"receivers": []}


def test_every_receiver_has_an_example_and_every_kind_is_shown() -> None:
    named = {each["name"]: each.keys() - {"name"} for each in document(EXAMPLES)["receivers"]}

    assert named.keys() == {each["name"] for each in document(OURS)["receivers"]}
    assert set().union(*named.values()) == KINDS


def test_no_example_holds_a_secret() -> None:
    held = [(key, value) for key, value in _leaves(document(EXAMPLES)) if SECRET.search(key)]

    assert held == [("bot_token", "TELEGRAM_BOT_TOKEN")]


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


_TAKEN = (
    b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "group"}}}'
)
"""As Telegram answers; the others look at the status alone."""


class Desk:
    """Takes what is posted, with the word that opened the door."""

    def __init__(self) -> None:
        got = self.got = list[tuple[str, str, dict[str, Any]]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                got.append((self.path, self.headers.get("Authorization", ""), body))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(_TAKEN)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what came to a path so far: the word, and what was told."""
        return [(word, body) for where, word, body in list(self.got) if where == path]


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.server.shutdown()


def test_slack_telegram_and_a_webhook_are_written_to_with_their_secrets(
    desk: Desk, tmp_path: Path
) -> None:
    here = f"http://127.0.0.1:{desk.server.server_port}"
    settings = joined(tmp_path).read_text("utf-8")
    (tmp_path / "secrets" / "slack-url").write_text(f"{here}/slack-of-ours")
    (tmp_path / "secrets" / "watchdog-token").write_text("open-sesame")
    for old, new in (
        ("/etc/alertmanager", str(tmp_path)),
        ("https://deadman.example.org", here),
        ("bot_token: 123:abc", f"bot_token: 123:abc\n        api_url: {here}"),
    ):
        assert old in settings
        settings = settings.replace(old, new)

    with running(tmp_path, settings) as address:
        told = {
            "summary": "A rule of discipline is violated badly.",
            "description": "Anna of sales: late_return.",
            "runbook_url": "docs/runbooks/PultViolationCritical.md",
        }
        post(address, violation("acme", "critical"), annotations=told)
        post(address, {"alertname": "Watchdog"})
        paths = ("/slack-of-ours", "/bot123:abc/sendMessage", "/pult")
        wait_for(lambda: all(map(desk.of, paths)), 20, "three messages")
    ((_, slack),), ((_, telegram),), ((word, _), *_) = map(desk.of, paths)

    assert slack["channel"] == "#supervisors"
    (attached,) = slack["attachments"]
    assert attached["title"] == f"FIRING: {told['summary']}"
    assert attached["text"].strip() == f"{told['description']} ({told['runbook_url']})"
    assert telegram["text"].strip() == f"FIRING: {told['description']}"
    assert word == "Bearer open-sesame"
