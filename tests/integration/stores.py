"""ClickHouse's engine behind HTTP, in a process of its own that tests may kill."""

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from tests.kafka import free_port
from tests.pult.command import PULT, SECONDS, dies_with_its_parent, environment, pult

PASSWORD = "horse correct"


@dataclass
class Store:
    """One `pult sql-server`; it keeps folder and port over restarts."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        """The settings of those who are let in; SINK_PASSWORD must be in their environment."""
        return f"[clickhouse]\nurl = '{self.url}'\npassword_env = 'SINK_PASSWORD'\n"

    def start(self, *options: str) -> None:
        """Start it and wait until it answers; writable unless options are given."""
        chosen = options or ("--writable", "--password-env", "SINK_PASSWORD")
        self.process = subprocess.Popen(
            [
                PULT, "sql-server", "--data", self.folder, "--sql-port", str(self.port),
                *chosen,
            ],
            env=environment() | {"SINK_PASSWORD": PASSWORD},
            text=True, stdout=subprocess.PIPE, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert re.search(r"http://\S+", self.process.stdout.readline())

    def migrate(self) -> None:
        """Bring it to the form of the program, as a person does."""
        config = self.folder.with_suffix(".toml")
        config.write_text(self.settings)
        done = pult("migrate", "--config", config, env={"SINK_PASSWORD": PASSWORD})
        assert done.code == 0, done

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal, if it runs."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def client(self) -> Client:
        """Return an ordinary client of it."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username="default", password=PASSWORD
        )

    def ask(self, query: str) -> Sequence[Sequence[Any]]:
        """Return the rows of an answer."""
        client = self.client()
        try:
            return client.query(query).result_rows
        finally:
            client.close()

    def number(self, query: str) -> int:
        """Return the one number of an answer."""
        return int(self.ask(query)[0][0])
