"""Whether a part of Pult is alive and ready, and its metrics, over HTTP."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


def health_routes(ready: Callable[[], str], registry: CollectorRegistry) -> list[web.RouteDef]:
    """Return the routes `/healthz`, `/readyz` and `/metrics`.

    Args:
        ready: returns why the part does not do its work at present, or an empty string.
        registry: what `/metrics` shows.
    """

    async def metrics(_: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def is_ready(_: web.Request) -> web.Response:
        why = ready()
        return web.Response(text=f"{why or 'ready'}\n", status=503 if why else 200)

    return [
        web.get("/metrics", metrics),
        web.get("/healthz", alive),
        web.get("/readyz", is_ready),
    ]
