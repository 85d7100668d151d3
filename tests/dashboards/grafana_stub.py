"""A server that answers like Grafana 13 where boards, folders and annotations are concerned.

Written from its HTTP API documentation and from what a real one was seen to answer: 412 for a
title that is taken, 400 for an unknown folder and for boards that come from files, bodies that
are empty. On demand it is slow, broken, or something else altogether.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "glsa_of_the_tests"


@dataclass
class Stub:
    """What it holds, what it was asked, and how it misbehaves."""

    url: str = ""
    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    from_files: set[str] = field(default_factory=set)
    marks: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    misbehave: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
    wait_seconds: float = 0.0
    made_status: int = 200
    moved_to: str = ""
    """Where it says that it is now."""
    silent: bool = False
    """Whether what is put is answered with an empty body."""

    def writes(self) -> list[tuple[str, str]]:
        """Return what changed something."""
        return [each for each in self.asked if each[0] != "GET"]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Return status and body."""
        address = urlsplit(path)
        _, _, kind, *rest = address.path.split("/")
        if kind == "folders":
            return self._folder(method, rest[0] if rest else "", body)
        if kind == "dashboards" and method == "GET":
            board = self.boards.get(rest[1])
            if board is None:
                return 404, {"message": "Dashboard not found"}
            meta = {
                "folderUid": self.places[rest[1]],
                "provisioned": rest[1] in self.from_files,
            }
            return 200, {"dashboard": {**board, "id": 7, "version": 3}, "meta": meta}
        if kind == "dashboards":
            return self._put(body)
        assert kind == "annotations"
        if method == "POST":
            self.marks.append(body)
            return 200, {"message": "Annotation added", "id": len(self.marks)}
        wanted = set(parse_qs(address.query).get("tags", []))
        return 200, [each for each in self.marks if wanted <= set(each["tags"])]

    def _folder(self, method: str, uid: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            if uid in self.folders:
                return 200, {"uid": uid, "title": self.folders[uid]}
            return 404, {"message": "folder not found"}
        uid = uid or body["uid"]
        if method == "POST" and body["title"] in self.folders.values():
            return 412, {"message": "a folder with the same name already exists"}
        self.folders[uid] = body["title"]
        return self.made_status, {"uid": uid, "title": body["title"]}

    def _put(self, body: Any) -> tuple[int, Any]:
        board, folder = body["dashboard"], body["folderUid"]
        uid = board["uid"]
        if folder not in self.folders:
            return 400, {"message": "Folder not found"}
        if uid in self.from_files:
            return 400, {"message": "Cannot save provisioned dashboard"}
        same = [
            other for other, each in self.boards.items()
            if each["title"] == board["title"] and self.places[other] == folder and other != uid
        ]  # fmt: skip
        if same and body["overwrite"]:
            uid = same[0]
        elif same or (uid in self.boards and not body["overwrite"]):
            return 412, {
                "message": "A dashboard with the same name in the folder already exists"
            }
        self.boards[uid] = {**board, "uid": uid}
        self.places[uid] = folder
        return self.made_status, {"uid": uid, "status": "success", "version": 1}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that does not wait for its answer is a test of ours."""


@contextmanager
def grafana(host: str = "127.0.0.1") -> Iterator[Stub]:
    """Serve one."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            stub.asked.append((self.command, self.path))
            time.sleep(stub.wait_seconds)
            if stub.moved_to:
                self.send_response(302)
                self.send_header("Location", stub.moved_to + self.path)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            wrong = stub.misbehave(self.command, self.path)
            if wrong is not None:
                return self._say(wrong[0], wrong[1].encode())
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._say(401, b'{"message": "Invalid API key"}')
            status, told = stub.answer(self.command, self.path, body)
            if stub.silent and self.command != "GET" and status < 300:
                return self._say(204, b"")
            return self._say(status, json.dumps(told).encode())

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = _Server((host, 0), Handler)
    stub.url = f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
