"""Whether a part of Pult is alive and ready, and its metrics, over HTTP."""

import asyncio
from collections.abc import Callable
from importlib.metadata import version

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


def health_routes(ready: Callable[[], str], registry: CollectorRegistry) -> list[web.RouteDef]:
    """Return the routes `/healthz`, `/readyz` and `/metrics`.

    Args:
        ready: returns why the part does not do its work at present, or an empty string.
        registry: what `/metrics` shows; whether the part is ready is added to it.
    """
    is_up = Gauge("pult_ready", "1 while /readyz says yes, else 0", registry=registry)
    build = Gauge("pult_build_info", "1; which version runs", ["version"], registry=registry)
    build.labels(version("pult")).set(1)

    shown = metrics_page(registry)

    async def metrics(request: web.Request) -> web.StreamResponse:
        is_up.set(0 if ready() else 1)
        return await shown(request)

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


def metrics_page(registry: CollectorRegistry) -> Handler:
    """Return a handler that shows what a registry collects at that moment."""

    async def page(_: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return page
