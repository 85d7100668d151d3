"""Grafana's HTTP interface, as far as we need it: by uid alone, which Grafana 13 still knows.

Behind it is grafana-api, which is of 2020: it takes an empty answer for broken JSON, and what
is no JSON for anything. Whoever calls this gets an answer, None for an empty one, or a failure
of one line.
"""

from collections.abc import Callable, Mapping, Sequence
from json import JSONDecodeError
from typing import Any

from grafana_api.grafana_api import (
    GrafanaClientError,
    GrafanaException,
    GrafanaUnauthorizedError,
)
from grafana_api.grafana_face import GrafanaFace

from dashboards.addresses import checked
from schemas.errors import GrafanaFailed, GrafanaRefused

NOT_FOUND = 404
TAKEN = (409, 412)
"""Somebody was there first, or something else has the title."""


class Grafana:
    """A Grafana to which we are a service account.

    Args:
        url: where it is, as in http://127.0.0.1:3000, with a path where it has one.
        token: of the service account; Editor, or Admin where folders are to be made.
        timeout_seconds: after which a request has failed.

    Raises:
        GrafanaFailed: the address is none, or the token cannot be one.
    """

    def __init__(self, url: str, token: str, timeout_seconds: float = 10.0) -> None:
        address = checked(url)
        if not (token.isascii() and token.isprintable()) or " " in token:
            msg = (
                "cannot ask Grafana: the token in GRAFANA_TOKEN has a blank, a line break or "
                "a letter that no token has; copy it anew"
            )
            raise GrafanaFailed(msg)
        self._url = address.text
        self._timeout = timeout_seconds
        self._face = GrafanaFace(
            auth=token, host=address.host, port=address.port, protocol=address.scheme,
            url_path_prefix=address.path, timeout=timeout_seconds,
        )  # fmt: skip
        # Sent on, what is to be put would only be asked for.
        self._face.api.s.max_redirects = 0

    def folder(self, uid: str) -> Mapping[str, Any] | None:
        """Return a folder, None where there is none of the uid."""
        return self._found("read the folder", uid, lambda: self._face.folder.get_folder(uid))

    def make_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        self._ask("make the folder", title, lambda: self._face.folder.create_folder(title, uid))

    def name_folder(self, uid: str, title: str) -> None:
        """Give a folder another title."""
        self._ask(
            "rename the folder", title,
            lambda: self._face.folder.update_folder(uid, title, overwrite=True),
        )  # fmt: skip

    def board(self, uid: str) -> Mapping[str, Any] | None:
        """Return a board under `dashboard`, what Grafana knows of it under `meta`, or None."""
        found = self._found(
            "read the board", uid, lambda: self._face.dashboard.get_dashboard(uid)
        )
        if found is None:
            return None
        board, known = found.get("dashboard"), found.get("meta") or {}
        if not isinstance(board, Mapping) or not isinstance(known, Mapping):
            raise GrafanaFailed(self._stranger(f"read the board {uid}"))
        return {"dashboard": board, "meta": known}

    def put_board(
        self, board: Mapping[str, Any], folder: str, *, replace: bool
    ) -> Mapping[str, Any] | None:
        """Put a board into a folder.

        Args:
            board: classic JSON.
            folder: uid of its folder.
            replace: whether one of the same uid is there and goes. Else never: with it, Grafana
                would also replace a board of another uid that has the same title.
        """
        body = {
            "dashboard": board, "folderUid": folder, "overwrite": replace,
            "message": "pult dashboards deploy",
        }  # fmt: skip
        told: Mapping[str, Any] | None = self._ask(
            "put the board", board["uid"], lambda: self._face.dashboard.update_dashboard(body)
        )
        return told

    def marks(self, from_ms: int, to_ms: int, tags: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the annotations of a stretch of time that have all these tags."""
        named = ", ".join(tags)
        told = self._ask(
            "read annotations", named,
            lambda: self._face.annotations.get_annotation(
                time_from=from_ms, time_to=to_ms, tags=list(tags), limit=1000
            ),
            shape=list,
        ) or []  # fmt: skip
        if not all(isinstance(each, Mapping) for each in told):
            raise GrafanaFailed(self._stranger(f"read annotations {named}"))
        return list(told)

    def mark(self, text: str, tags: Sequence[str], from_ms: int, to_ms: int) -> None:
        """Mark a stretch of time on all boards."""
        self._ask(
            "add the annotation", text,
            lambda: self._face.annotations.add_annotation(
                time_from=from_ms, time_to=to_ms, tags=list(tags), text=text
            ),
        )  # fmt: skip

    def _found(
        self, doing: str, what: str, call: Callable[[], Any]
    ) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] | None = self._ask(doing, what, call)
        except GrafanaRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
        return found

    def _ask(
        self, doing: str, what: str, call: Callable[[], Any], shape: type = Mapping
    ) -> Any:
        """Return what is answered, of the shape that Grafana gives it, or None if nothing."""
        told = self._answer(f"{doing} {what}", call)
        if told is not None and not isinstance(told, shape):
            raise GrafanaFailed(self._stranger(f"{doing} {what}"))
        return told

    def _stranger(self, doing: str) -> str:
        return (
            f"cannot {doing} of Grafana at {self._url}: what answers is no Grafana; "
            "is this its address?"
        )

    def _answer(self, doing: str, call: Callable[[], Any]) -> Any:
        begin = f"cannot {doing} of Grafana at {self._url}"
        try:
            return call()
        except GrafanaUnauthorizedError as error:
            msg = f"{begin}: it does not know the token in GRAFANA_TOKEN"
            raise GrafanaRefused(msg, 401) from error
        except GrafanaClientError as error:
            msg = f"{begin}: it says {error.status_code}, {_said(error)}"
            raise GrafanaRefused(msg, error.status_code) from error
        except GrafanaException as error:
            msg = f"{begin}: it says {error.status_code}, {_said(error)}; try again later"
            raise GrafanaFailed(msg) from error
        except (JSONDecodeError, RecursionError) as error:
            if not getattr(error, "doc", "x").strip():
                return None
            msg = f"{begin}: what answers is no JSON; is this the address of Grafana itself?"
            raise GrafanaFailed(msg) from error
        except TypeError as error:
            # The library looks for a message in an error page that is no JSON object.
            msg = f"{begin}: it answers with an error page that is no JSON; try again later"
            raise GrafanaFailed(msg) from error
        except (OSError, ValueError) as error:
            msg = f"{begin}: {self._unreached(error)}"
            raise GrafanaFailed(msg) from error

    def _unreached(self, error: Exception) -> str:
        kind = type(error).__name__
        if kind == "TooManyRedirects":
            answer = getattr(error, "response", None)
            place = "elsewhere" if answer is None else answer.headers.get("Location", "")
            return f"it sends us to {place[:200]!r}; give the address of Grafana there"
        why = f"no answer within {self._timeout:g} s" if "Timeout" in kind else "nobody answers"
        return f"{why}; is it running, and is the address right?"


def _said(error: GrafanaException) -> str:
    response = error.response
    told = response.get("message") if isinstance(response, Mapping) else response
    return " ".join(str(told or "nothing more").split())[:200]
