"""One connection to a fake PBX: what is asked, and the answers that need no knowledge of calls.

Source: asterisk/asterisk main/manager.c.
"""

import asyncio
import hashlib
from collections.abc import Sequence

_SUCCESS = ("Response", "Success")


class Session:
    """One connection to the PBX, whose lines end with `line_end`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line_end: str = "\r\n"
    ) -> None:
        self.reader, self.writer = reader, writer
        self.line_end = line_end
        self.challenge = ""
        self.logged_in = False

    def say(self, pairs: Sequence[tuple[str, str]], action_id: str = "") -> None:
        """Send one block."""
        lines = [f"{key}: {value}" for key, value in pairs]
        if action_id:
            lines.insert(1, f"ActionID: {action_id}")
        self.writer.write("".join(f"{line}{self.line_end}" for line in (*lines, "")).encode())

    async def ask(self) -> dict[str, str] | None:
        """Return the next action, None at the end of the connection."""
        told: dict[str, str] = {}
        while True:
            line = await self.reader.readline()
            if not line:
                return None
            text = line.decode().rstrip("\r\n")
            if text:
                key, _, value = text.partition(": ")
                told[key] = value
            elif told:
                return told

    async def log_in(self, told: dict[str, str], username: str, secret: str) -> bool:
        """Answer to a log-in; return whether it is right."""
        name = told.get("ActionID", "")
        right = told.get("Secret") == secret
        if told.get("AuthType", "").upper() == "MD5" and self.challenge:
            proof = hashlib.md5(f"{self.challenge}{secret}".encode()).hexdigest()
            right = told.get("Key") == proof
        if not right or told.get("Username") != username:
            self.say([("Response", "Error"), ("Message", "Authentication failed")], name)
            await self.writer.drain()
            return False
        self.say([_SUCCESS, ("Message", "Authentication accepted")], name)
        return True

    def answer(self, action: str, name: str, now_us: int) -> bool:
        """Answer to an action that needs no knowledge of calls; return whether to go on."""
        if action == "challenge":
            self.challenge = str(int(hashlib.md5(name.encode()).hexdigest()[:7], 16))
            self.say([_SUCCESS, ("Challenge", self.challenge)], name)
        elif action == "logoff":
            self.say([("Response", "Goodbye"), ("Message", "Thanks for all the fish.")])
            return False
        elif action == "ping":
            second, fraction = divmod(now_us, 1_000_000)
            stamp = f"{second}.{fraction:06d}"
            self.say([_SUCCESS, ("Ping", "Pong"), ("Timestamp", stamp)], name)
        else:
            self.say([("Response", "Error"), ("Message", "Invalid/unknown command")], name)
        return True

    def config(self, name: str, sections: Sequence[tuple[str, Sequence[str]]] | None) -> None:
        """Answer with a settings file: its sections and their lines, numbered."""
        if sections is None:
            self.say([("Response", "Error"), ("Message", "Permission denied")], name)
            return
        pairs = [_SUCCESS]
        for number, (section, lines) in enumerate(sections):
            pairs.append((f"Category-{number:06}", section))
            pairs += [(f"Line-{number:06}-{n:06}", line) for n, line in enumerate(lines)]
        self.say(pairs, name)

    def list(
        self,
        name: str,
        items: Sequence[Sequence[tuple[str, str]]],
        what: str,
        *,
        permitted: bool = True,
    ) -> None:
        """Answer with a list of items."""
        if not self.logged_in or not permitted:
            self.say([("Response", "Error"), ("Message", "Permission denied")], name)
            return
        self.say([_SUCCESS, ("EventList", "start")], name)
        for item in items:
            self.say(item, name)
        self.say([("Event", f"{what}Complete"), ("EventList", "Complete"),
                  ("ListItems", str(len(items)))], name)  # fmt: skip
