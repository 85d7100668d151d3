"""One session with the manager interface, without IO: what to say, what was said.

The greeting is one line; then the log-in, plain or by challenge, and events, answers and list
items in any order. Whatever an answer belongs to is told by the ActionID, which begins with a
name that no other session has.

Source: asterisk/asterisk main/manager.c (`action_login`, `action_challenge`, `authenticate`).
"""

import hashlib
from typing import Literal, NamedTuple

from producers.asterisk.frames import AmiFrames
from producers.asterisk.message import parse
from producers.frame import Refused
from schemas.errors import SourceRefused, SourceUnreachable

GREETING = b"Asterisk Call Manager/"
CLASSES = "system,call,agent,dialplan"
"""What is asked for, whatever more a user may read. `dialplan` is for the variables that
tell why a caller left; `security`, `dtmf`, `cdr` and the rest would only be thrown away."""

_LONGEST_GREETING = 200
_BOOTED = b"Event: FullyBooted"
_RELOAD = b"Event: Reload"
_COMPLETE = b"Event: QueueStatusComplete"
_PONG = b"Ping: Pong"

Phase = Literal["greeting", "challenge", "login", "in"]


class Credentials(NamedTuple):
    """How to log in.

    `md5` never sends the secret, `plain` does. `settings` names where all that stands, for
    complaints.
    """

    username: str
    secret: str
    way: Literal["md5", "plain"]
    settings: str


class AmiSession:
    """Logs in and tells snapshots, signs of life and everything else apart.

    Attributes:
        phase: how far the log-in is.
        version: what the greeting names.
        booted: whether Asterisk said so since a snapshot was last asked for.
        reloaded: the same of a reload, which takes queues away without a word on their members.
        pongs: answers to pings so far.
        snapshots: complete snapshots so far.
        refusal: why Asterisk gives no snapshot; empty if it does.
        no_channels: why Asterisk gives no list of channels; empty if it does.

    Args:
        login: who we are.
        name: first part of the ActionIDs; no two sessions may have the same.
    """

    def __init__(self, login: Credentials, name: str) -> None:
        self._login = login
        self._name = name.encode()
        self._frames = AmiFrames()
        self._head = b""
        self._asked = 0
        self._outgoing = b""
        self._snapshot = self._channels = b""
        self.phase: Phase = "greeting"
        self.version = ""
        self.booted = self.reloaded = False
        self.pongs = 0
        self.snapshots = 0
        self.refusal = self.no_channels = ""

    @property
    def passed_over(self) -> int:
        """Messages nobody needs."""
        return self._frames.passed_over

    def outgoing(self) -> bytes:
        """Return what is to be sent now, once."""
        said, self._outgoing = self._outgoing, b""
        return said

    def receive(self, chunk: bytes) -> list[bytes | Refused]:
        """Take bytes in any portions and return the needed messages that are now complete.

        Raises:
            SourceUnreachable: whoever answers there is no manager interface.
            SourceRefused: it does not let us in.
        """
        if self.phase == "greeting":
            chunk = self._greeted(chunk)
        kept: list[bytes | Refused] = []
        for message in self._frames.feed(chunk):
            self._notice(message)
            kept.append(message)
        kept += self._frames.refused
        self._frames.refused.clear()
        while self._frames.answers:
            self._answered(parse(self._frames.answers.popleft()))
        return kept

    def ping(self) -> None:
        """Ask for a sign of life, which carries the source's time."""
        self._say("Ping")

    def ask_snapshot(self, now_us: int = 0) -> None:
        """Ask which channels there are, and who waits and who is a member, of all queues.

        Asterisk answers in that order, so when the queues are told the channels are, too.

        Args:
            now_us: the newest time that the PBX told [us since 1970], 0 if it tells none.
        """
        self.booted = self.reloaded = False
        when = f"@{now_us}" if now_us else ""
        self._channels = self._say("CoreShowChannels", name=when)
        self._snapshot = self._say("QueueStatus", name=when)

    def ask_config(self, file: str) -> bytes:
        """Ask what a settings file of Asterisk says; return the ActionID of the answer."""
        return self._say("GetConfig", f"Filename: {file}")

    def leave(self) -> None:
        """Say good-bye."""
        self._say("Logoff")

    def _say(self, action: str, *headers: str, name: str = "") -> bytes:
        self._asked += 1
        known_as = b"%s-%d%s" % (self._name, self._asked, name.encode())
        lines = (f"Action: {action}", f"ActionID: {known_as.decode()}", *headers, "", "")
        self._outgoing += "\r\n".join(lines).encode()
        return known_as

    def _greeted(self, chunk: bytes) -> bytes:
        self._head += chunk
        line, found, rest = self._head.partition(b"\n")
        if (
            not found
            and len(line) < _LONGEST_GREETING
            and GREETING.startswith(line[: len(GREETING)])
        ):
            return b""
        if not line.startswith(GREETING):
            shown = line[:40].strip().decode("ascii", "replace")
            msg = f"it greets with {shown!r}, which is no manager interface"
            raise SourceUnreachable(msg)
        self.version = line[len(GREETING) :].strip().decode("ascii", "replace")
        self._head = b""
        if self._login.way == "md5":
            self.phase = "challenge"
            self._say("Challenge", "AuthType: MD5")
        else:
            self._log_in(f"Secret: {self._login.secret}")
        return rest

    def _log_in(self, *proof: str) -> None:
        self.phase = "login"
        self._say("Login", f"Username: {self._login.username}", *proof, f"Events: {CLASSES}")

    def _answered(self, answer: dict[str, str]) -> None:
        good = answer.get("Response") in ("Success", "Goodbye")
        said = answer.get("Message", "")
        if answer.get("Response") == "Pong":
            self.pongs += 1  # Asterisk 1.4
        elif self.phase == "challenge" and not good:
            # Of the secret it has heard nothing yet.
            msg = (
                f"it gives no challenge for auth = md5 and says {said[:80]!r}; "
                f"try auth = plain, or check {self._login.settings}"
            )
            raise SourceRefused(msg)
        elif self.phase == "login" and not good:
            msg = f"it says {said[:80]!r}; check {self._login.settings}"
            raise SourceRefused(msg)
        elif self.phase == "challenge":
            proof = f"{answer.get('Challenge', '')}{self._login.secret}".encode()
            key = hashlib.md5(proof, usedforsecurity=False).hexdigest()
            self._log_in("AuthType: MD5", f"Key: {key}")
        elif self.phase == "login":
            self.phase = "in"
        elif not good:
            self._refused(answer.get("ActionID", "").encode(), said or "an error")

    def _refused(self, question: bytes, why: str) -> None:
        # One that was not asked yet has no name, like an answer without an ActionID.
        if question and question == self._snapshot:
            self.refusal = why
        elif question and question == self._channels:
            self.no_channels = why

    def _notice(self, message: bytes) -> None:
        if message.startswith(_BOOTED):
            self.booted = True
        elif message.startswith(_RELOAD):
            self.reloaded = True
        elif message.startswith(_COMPLETE):
            named = parse(message).get("ActionID", "").encode()
            if self._snapshot and named == self._snapshot:
                self.snapshots += 1
        elif _PONG in message[:200] and message.startswith(b"Response: "):
            self.pongs += 1
