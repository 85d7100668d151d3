"""`pult sql`: asks the store, or the process that owns it, without the user noticing which."""

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from pult.folder import DataFolder, owner, reachable
from schemas.errors import DataFolderUnusable, QueryRefused, StoreFailed
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore
from sql.statement import read_only

_TIMEOUT_SECONDS = 120


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
    if not (data / "store").exists():
        msg = f"no history in {data}; import a recording first, or name another with --data"
        raise DataFolderUnusable(msg)
    try:
        folder = DataFolder(data, "sql")
    except DataFolderUnusable:
        told = reachable(data)
        if told is None:
            raise
        return _ask_owner(data, str(told["sql"]), query, form)
    with folder:
        store = EmbeddedStore(folder.store, METRICS)
        try:
            return store.query(query, form)
        finally:
            store.close()


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
