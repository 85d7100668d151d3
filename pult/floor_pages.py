"""`/supervisor`: everybody by name, for whoever shows the token of the settings.

A page cannot send a header of its own with a stream, so a form makes the token a cookie that
says until when it holds, signed with the token: nothing has to be kept, every worker takes it,
and another token ends all of them.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from importlib.resources import files

from aiohttp import web

from pult.streams import Paint, Streams

SIGNED_IN_SECONDS = 12 * 3600
"""A long shift; then the token is asked for again."""

PICTURES_EVERY_SECONDS = 0.5
"""Names change less often than figures, and there are many."""

COOKIE = "pult_supervisor"

HOW_TO_OPEN = (
    "the supervisor's page shows names and is closed: name a token in the settings, as "
    "token_env or token_file of [supervisor]\n"
)

_MOST_BYTES = 4096
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class FloorPages:
    """The supervisor's page, its stream and its door.

    Args:
        paint: returns the people of a scope.
        token: what whoever asks has to show; empty: nobody is let in.
    """

    def __init__(self, paint: Paint, token: str) -> None:
        self.streams = Streams(paint, PICTURES_EVERY_SECONDS)
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Return all routes below `/supervisor`."""
        return [
            web.get("/supervisor", self._page),
            web.get("/supervisor/live", self._live),
            web.post("/supervisor", self._sign),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        if not self._token:
            return _closed()
        if not self._admitted_until(request):
            return _html("sign_in.html", 401)
        return _html("supervisor.html", 200)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if not self._token:
            return _closed()
        until = self._admitted_until(request)
        if not until:
            return web.Response(
                text="show the token of the supervisor's page (Authorization: Bearer ...)\n",
                status=401,
                headers={**_HEADERS, "WWW-Authenticate": "Bearer"},
            )
        return await self.streams.send(request, _HEADERS, until)

    async def _sign(self, request: web.Request) -> web.Response:
        """Take the token of the form, or the wish to sign out."""
        if not self._token:
            return _closed()
        if request.content_type != "application/x-www-form-urlencoded":
            return web.Response(text="send the token as a form does\n", status=415)
        if (request.content_length or _MOST_BYTES + 1) > _MOST_BYTES:
            return web.Response(text=f"a sign-in has at most {_MOST_BYTES} bytes\n", status=413)
        form = await request.post()
        leaves = "leave" in form
        if not leaves and not self._is_token(str(form.get("token", ""))):
            return _html("sign_in.html", 401, wrong=True)
        until = 0 if leaves else int(time.time()) + SIGNED_IN_SECONDS
        query = request.rel_url.raw_query_string
        where = f"supervisor?{query}" if query else "supervisor"
        # Without a path it holds beside the page, also where a proxy puts that elsewhere.
        cookie = f"{COOKIE}={until}.{self._signature(until)}; HttpOnly; SameSite=Lax"
        cookie += f"; Max-Age={0 if leaves else SIGNED_IN_SECONDS}"
        if request.secure:
            cookie += "; Secure"
        headers = {**_HEADERS, "Location": where, "Set-Cookie": cookie}
        return web.Response(status=303, headers=headers)

    def _admitted_until(self, request: web.Request) -> float:
        """Return until when [s since 1970] somebody may look; 0 if he may not."""
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(shown):
            return float("inf")
        text, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not (text.isascii() and text.isdecimal() and len(text) < 12):
            return 0.0
        until = int(text)
        good = _same(signature, self._signature(until)) and until > time.time()
        return float(until) if good else 0.0

    def _is_token(self, shown: str) -> bool:
        return _same(shown.strip(), self._token)

    def _signature(self, until: int) -> str:
        message = f"pult supervisor until {until}".encode()
        return hmac.new(self._token.encode(), message, hashlib.sha256).hexdigest()


def _same(shown: str, wanted: str) -> bool:
    """Compare in constant time, so that nobody can guess letter by letter."""
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), wanted.encode())


def _closed() -> web.Response:
    return web.Response(text=HOW_TO_OPEN, status=403, headers=_HEADERS)


def _html(name: str, status: int, *, wrong: bool = False) -> web.Response:
    text = (files("dashboards") / "wall" / name).read_text(encoding="utf-8")
    if wrong:
        text = text.replace("<html ", "<html data-wrong ", 1)
    headers: Mapping[str, str] = _HEADERS
    if status == 401:
        headers = {**_HEADERS, "WWW-Authenticate": "Bearer"}
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=headers
    )
