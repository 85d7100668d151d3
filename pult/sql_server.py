"""`pult sql-server`: the history of a data folder as ClickHouse would serve it, over HTTP."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from pult.folder import DataFolder
from pult.settings import HttpSettings
from pult.stopping import on_stop
from pult.web import address, is_loopback, listen
from schemas.errors import SettingsInvalid
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore
from sql.endpoint import make_endpoint
from sql.writable import Login, WritableStore, make_writable


def serve(
    folder: DataFolder,
    http: HttpSettings,
    out: Callable[[str], None],
    login: Login | None = None,
) -> None:
    """Serve a data folder until a signal comes.

    Args:
        folder: whose history; owned by the caller.
        http: where to listen.
        out: told the address.
        login: who may write; None serves readers only, and brings the store to the form of
            this program first, which is the writers' task otherwise.

    Raises:
        StoreFailed: the store cannot be opened.
        PortTaken: somebody listens there.
        SettingsInvalid: it would not be on loopback.
    """
    if not is_loopback(http.host):
        msg = f"sql-server serves on loopback only; http.host is {http.host}"
        raise SettingsInvalid(msg)
    if login is not None:
        asyncio.run(
            _serve(make_writable(WritableStore(folder.store), login), folder, http, out)
        )
        return
    store = EmbeddedStore(folder.store, METRICS)
    try:
        asyncio.run(_serve(make_endpoint(store.query, store.stop), folder, http, out))
    finally:
        store.close()


async def _serve(
    app: web.Application, folder: DataFolder, http: HttpSettings, out: Callable[[str], None]
) -> None:
    ended = asyncio.Event()
    on_stop(ended.set)
    runner, port = await listen(app, http.host, http.sql_port, "the SQL endpoint", "--sql-port")
    try:
        where = address(http.host, port)
        folder.announce({"sql": where, "wall": where})
        out(f"SQL      {where}  (Ctrl-C stops)")
        await ended.wait()
    finally:
        await runner.cleanup()
