"""The data folder that one process owns: a version, a lock, keys, the journal and the store."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from producers.durable import taking_place
from pult import desk_token
from pult.secret import readable
from schemas.errors import DataFolderUnusable
from schemas.policies import Policies, PolicyHistory

VERSION = 1
"""Of the folder's layout; a newer one is refused rather than damaged."""

_KEY_BYTES = 32


class DataFolder:
    """A data folder owned by this process until `close`.

    Raises:
        DataFolderUnusable: it cannot be made or written, is of a newer version, or is in use.
    """

    def __init__(self, path: Path, verb: str) -> None:
        self.path = path
        try:
            # A journal holds callers' numbers as the PBX tells them.
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (path / "lock").open("a+")
        except OSError as error:
            msg = f"cannot use data folder {path}: {error.strerror} (--data names another)"
            raise DataFolderUnusable(msg) from error
        try:
            self._own(verb)
            self._check_version()
        except BaseException:
            self._lock.close()
            raise

    @property
    def journal(self) -> Path:
        """Where the journal files are."""
        return self.path / "journal"

    @property
    def store(self) -> Path:
        """Where the embedded ClickHouse keeps its tables."""
        return self.path / "store"

    @property
    def snapshots(self) -> Path:
        """Where the states of the embedded form are."""
        return self.path / "snapshots"

    @property
    def stored(self) -> Path:
        """A file that says up to where the store has what follows from the journal."""
        return self.path / "stored"

    @property
    def _policies(self) -> Path:
        return self.path / "policies.json"

    @property
    def demo_mark(self) -> Path:
        """A file that is there while all the folder holds is a demo's."""
        return self.path / "demo"

    def empty(self) -> None:
        """Throw journal, history and targets away.

        Raises:
            DataFolderUnusable: some of it cannot be removed.
        """
        try:
            for part in (self.journal, self.store, self.snapshots):
                if part.exists():
                    shutil.rmtree(part)
            for file in (self._policies, self.stored):
                file.unlink(missing_ok=True)
        except OSError as error:
            msg = (
                f"cannot empty data folder {self.path}: {error.strerror} (--data names another)"
            )
            raise DataFolderUnusable(msg) from error

    def without_demo(self) -> str:
        """Throw a demo's data away: its calls and targets are nobody's history.

        Returns:
            What to tell of it; empty where there was no demo.

        Raises:
            DataFolderUnusable: some of it cannot be removed.
        """
        if not self.demo_mark.exists():
            return ""
        self.empty()
        self.demo_mark.unlink()
        return f"the demo's data in {self.path} are removed"

    def caller_secret(self, environ: Mapping[str, str], secret_env: str) -> bytes:
        """Return the key of `caller_key`: of the environment, else made once in this folder.

        Raises:
            DataFolderUnusable: the variable is not set, or the folder's key is damaged or
                cannot be written; another one would make strangers of all callers.
        """
        if secret_env:
            secret = environ.get(secret_env, "")
            if not secret:
                msg = f"environment variable {secret_env} (privacy.secret_env) is not set"
                raise DataFolderUnusable(msg)
            return readable(secret, secret_env, "privacy.secret_env").encode()
        path = self.path / "caller.key"
        if not path.exists():
            self._write_private(path, secrets.token_hex(_KEY_BYTES))
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError:
            key = b""
        # With the beginning of a key, or none, everybody could try numbers until one fits.
        if len(key) < _KEY_BYTES:
            msg = (
                f"data folder {self.path} is damaged: {path.name} holds no key; put it back "
                "from a copy (without it, callers get new keys)"
            )
            raise DataFolderUnusable(msg)
        return key

    def keep_desk_token(self) -> None:
        """Make a token for those who may decide about episodes, unless there is one.

        Raises:
            DataFolderUnusable: it cannot be written.
        """
        path = self.path / desk_token.NAME
        if not path.exists():
            self._write_private(path, secrets.token_hex(32) + "\n")

    def policies(self, now: Policies, at: int, *, keep: bool = True) -> PolicyHistory:
        """Return the history of policies, with `now` added from `at` [ms] on if it is new.

        A changed target holds from the moment it is first used; what was judged before keeps
        the target that was in force then. Whoever only looks does not `keep` it.
        """
        versions = self.noted_policies()
        if not versions or versions[-1][1] != now:
            versions.append((at if versions else 0, now))
            if not keep:
                return PolicyHistory(versions)
            text = json.dumps(
                [
                    {"since": since, "policies": each.model_dump(mode="json")}
                    for since, each in versions
                ],
                indent=1,
            )
            self._write_private(self._policies, text)
        return PolicyHistory(versions)

    def noted_policies(self) -> list[tuple[int, Policies]]:
        """Return which policies were first used when [ms], in their order.

        Raises:
            DataFolderUnusable: that cannot be read.
        """
        path = self._policies
        if not path.exists():
            return []
        try:
            return [
                (int(each["since"]), Policies.model_validate(each["policies"]))
                for each in json.loads(path.read_text(encoding="utf-8"))
            ]
        except (ValueError, TypeError, KeyError) as error:
            msg = (
                f"data folder {self.path} is damaged: {path.name} holds no history of targets; "
                "put it back from a copy (without it, the targets of now hold for all times)"
            )
            raise DataFolderUnusable(msg) from error

    def announce(self, what: Mapping[str, Any]) -> None:
        """Tell other processes how to reach this one."""
        self._write_private(self.path / "endpoint.json", json.dumps(what))

    def close(self) -> None:
        """Give the folder free."""
        (self.path / "endpoint.json").unlink(missing_ok=True)
        self._lock.truncate(0)
        self._lock.close()

    def __enter__(self) -> "DataFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _own(self, verb: str) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            user = owner(self.path)
            msg = f"data folder {self.path} is in use by {user}; stop it or use --data"
            raise DataFolderUnusable(msg) from error
        # An owner that was killed could not take back where it answered.
        (self.path / "endpoint.json").unlink(missing_ok=True)
        self._lock.truncate(0)
        self._lock.write(f"pult {verb} (process {os.getpid()})")
        self._lock.flush()

    def _check_version(self) -> None:
        path = self.path / "version"
        if not path.exists():
            self._write_private(path, f"{VERSION}\n")
            return
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if not text.isdecimal():
            msg = f"data folder {self.path} is damaged: its version reads {text[:20]!r}"
            raise DataFolderUnusable(msg)
        if int(text) > VERSION:
            msg = (
                f"data folder {self.path} is of version {text}, this pult knows {VERSION}; "
                "update pult or use --data"
            )
            raise DataFolderUnusable(msg)

    def _write_private(self, path: Path, text: str) -> None:
        """Write a small file whole or not at all."""
        try:
            # The key of callers must not be another one after a power cut.
            with taking_place(path, 0o600) as file:
                file.write(text.encode())
        except OSError as error:
            msg = f"cannot write {path}: {error.strerror}"
            raise DataFolderUnusable(msg) from error


def owner(path: Path) -> str:
    """Tell who owns a data folder, as the owner wrote it."""
    try:
        return (path / "lock").read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"


def reachable(path: Path) -> Mapping[str, Any] | None:
    """Return how to reach the process that owns a folder, None if it does not say."""
    try:
        told: Mapping[str, Any] = json.loads(
            (path / "endpoint.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return None
    return told
