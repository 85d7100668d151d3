"""`pult sql`: asks the store, or the process that owns it, without the user noticing which."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from pult.folder import DataFolder, owner, reachable
from pult.server_settings import ClickHouseSettings
from pult.settings import Settings
from schemas.errors import DataFolderUnusable, QueryRefused, StoreFailed
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore
from sql.statement import read_only
from sql.store import DATABASE, store_errors

_TIMEOUT_SECONDS = 120


def means_server(data: Path, settings: Settings) -> bool:
    """Tell whether the history is that of the server: it is set, and the folder has none."""
    return "clickhouse" in settings.model_fields_set and not (data / "store").exists()


def ask(data: Path, query: str, form: str) -> bytes:
    """Return the answer to one reading statement in a ClickHouse format.

    Raises:
        QueryRefused: it does more than read.
        StoreFailed: the store cannot answer.
        DataFolderUnusable: there is no history, or its owner cannot be asked.
    """
    try:
        read_only(query)
    except QueryRefused as error:
        msg = f"cannot answer a query: {error}"
        raise QueryRefused(msg) from error
    with held(data) as answer:
        return answer(query, form)


@contextmanager
def held(data: Path) -> Iterator[Callable[[str, str], bytes]]:
    """Yield what answers statements in a format; nobody else may have the folder meanwhile.

    To open a store takes longer than most questions: many are asked of one that stays open.

    Raises:
        DataFolderUnusable: there is no history, or its owner cannot be asked.
        StoreFailed: the store cannot be opened.
    """
    if not (data / "store").exists():
        msg = f"no history in {data}; import a recording first, or name another with --data"
        raise DataFolderUnusable(msg)
    try:
        folder = DataFolder(data, "sql")
    except DataFolderUnusable:
        told = reachable(data)
        if told is None:
            raise
        url = str(told["sql"])
    else:
        with folder, closing(EmbeddedStore(folder.store, METRICS)) as store:
            yield store.query
        return
    yield partial(_ask_owner, data, url)


def ask_server(
    settings: ClickHouseSettings, environ: Mapping[str, str], query: str, form: str
) -> bytes:
    """Return the answer of the server to one reading statement in a ClickHouse format.

    Raises:
        QueryRefused: it does more than read.
        StoreFailed: the server cannot be asked, or cannot answer.
    """
    # Loaded only by those who have a server.
    from pult import clickhouse

    try:
        checked = read_only(query)
    except QueryRefused as error:
        msg = f"cannot answer a query: {error}"
        raise QueryRefused(msg) from error
    client = clickhouse.connect(settings, environ)
    client.database = DATABASE
    with closing(client), store_errors("answer a query"):
        return client.raw_query(
            checked.text, settings={"final": 1}, fmt=None if checked.format else form
        )


def _ask_owner(data: Path, url: str, query: str, form: str) -> bytes:
    options = urllib.parse.urlencode({"default_format": form, "database": "pult"})
    request = urllib.request.Request(f"{url}/?{options}", data=query.encode(), method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace").strip()
        msg = f"cannot answer a query: {text.splitlines()[0] if text else error}"
        raise StoreFailed(msg) from error
    except (OSError, json.JSONDecodeError) as error:
        msg = f"cannot ask {owner(data)} at {url}: {error}"
        raise DataFolderUnusable(msg) from error
