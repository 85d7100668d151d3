"""`pult run` with a CRM that posts, as a process; and a sender that signs as the docs say."""

import hmac
import json
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.pult.command import PULT, dies_with_its_parent, environment, pult, wait_for

SECRET = "a secret of these tests"
SECONDS = 60


class Hooked:
    """A running `pult run` whose one source posts."""

    def __init__(
        self, folder: Path, webhook: str = 'mapping = "generic"', files: int | None = None
    ) -> None:
        self._files = files
        self.data = folder / "data"
        self.config = folder / "pult.toml"
        self.said = folder / "said"
        self.config.write_text(
            '[sources.crm]\nkind = "webhook"\n'
            f'webhook = {{ {webhook}, secret_env = "CRM_SECRET", rate = 100000 }}\n'
            '[agents."Anna Petrova"]\nids = ["15"]\n'
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, once more after a kill."""
        (self.data / "endpoint.json").unlink(missing_ok=True)
        ports = ["--port", "0", "--sql-port", "0", "--webhook-port", "0"]
        command = [PULT, "run", "--config", self.config, "--data", self.data, *ports]
        with self.said.open("ab") as said:
            process = self.process = subprocess.Popen(
                list(map(str, command)), stdout=said, stderr=said,
                env={**environment(), "CRM_SECRET": SECRET}, preexec_fn=self._begin,
            )  # fmt: skip
        wait_for(
            lambda: (self.data / "endpoint.json").exists() or process.poll() is not None,
            SECONDS, "its addresses",
        )  # fmt: skip
        assert process.poll() is None, self.said.read_text()

    def _begin(self) -> None:
        dies_with_its_parent()
        if self._files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))

    def address(self, what: str) -> str:
        """Return one of its addresses."""
        told: dict[str, str] = json.loads((self.data / "endpoint.json").read_text())
        return told[what]

    @property
    def hook(self) -> str:
        """Where the CRM posts to."""
        return self.address("webhooks") + "/crm"

    def stop(self) -> int:
        """Stop it; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(SECONDS)

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        done = pult("sql", "--data", self.data, "--format", "JSONEachRow", query)
        assert done.code == 0, done
        return [json.loads(line) for line in done.out.splitlines()]

    def rows(self, query: str, count: int) -> list[dict[str, Any]]:
        """Return the rows of a query once there are so many."""
        wait_for(lambda: len(self.sql(query)) >= count, SECONDS, f"{count} rows")
        return self.sql(query)


@contextmanager
def hooked(
    folder: Path, webhook: str = 'mapping = "generic"', files: int | None = None
) -> Iterator[Hooked]:
    """Run one for the length of a test, with so many descriptors."""
    running = Hooked(folder, webhook, files)
    running.start()
    try:
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            running.process.kill()
            running.process.wait(SECONDS)


def signed(body: bytes, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """Return the headers of a body, signed as docs/sources/webhooks.md says."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
    return {"X-Pult-Timestamp": stamp, "X-Pult-Signature": f"sha256={digest}"}


def post(
    address: str, body: bytes, headers: dict[str, str], content_type: str = "application/json"
) -> int:
    """Post a body; return the status."""
    request = Request(
        address, data=body, headers={**headers, "Content-Type": content_type}, method="POST"
    )
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
