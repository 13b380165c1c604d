"""The server's parts: routes, middleware and the life of the engine, for `st.App` or any other Starlette application."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket

from metrics_core import __version__
from metrics_core.api import (
    analytics,
    boards,
    dashboards,
    events,
    explain,
    exports,
    faults,
    live,
    people,
    questions,
    schemas,
    shares,
    watch,
)
from metrics_core.api.assets import Ahead, Assets
from metrics_core.api.desk import Desk
from metrics_core.api.life import give_up, lifetime
from metrics_core.engine import Engine
from metrics_core.errors import SettingError
from metrics_core.settings import Settings

_ABOUT = """
Send orders, events and user activity in; ask for exact figures; listen to them live.

Every record is answered for in a receipt, and what is accepted is on disk. Sending a record again changes nothing.
Every error has one shape: `{"error": {"code", "message"}}`.

Figures as they change come from the socket `/ws/metrics`, and as an event stream from `GET /api/v1/stream`; both take
`?topics=metrics,live,curves` and `?origin=`, and the stream ends after `?limit=` messages.
"""


class Parts(TypedDict):
    """What `st.App` and `Starlette` take."""

    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]
    lifespan: Callable[[Any], Any]


def build_parts(*, engine: Engine | None = None, address: str | None = None, sign_in: bool = False) -> Parts:
    """The parts of the server. `address` is what it listens on, where the caller knows better than the environment;
    with `sign_in`, people sign in on its pages."""
    if engine is None:
        if sign_in:
            os.environ["SIGN_IN"] = "true"
        where = listening_on(address)
        if where is not None:
            os.environ["HOST"] = where
    settings = engine.settings if engine is not None else Settings()
    desk = Desk(engine)
    api = _api(desk, settings)
    routes: list[BaseRoute] = [
        WebSocketRoute("/api/analytics/realtime/dashboard", _with(live.socket, desk)),
        Mount("/api", app=api),
        WebSocketRoute("/ws/metrics", _with(live.socket, desk)),
        WebSocketRoute("/analytics/realtime/dashboard", _with(live.socket, desk)),
        Mount("/analytics", app=analytics.AtRoot(api)),
        Route("/health", faults.Faults(_Page(lambda request: watch.health_at(request, desk)))),
        Route("/metrics", faults.Faults(_Page(lambda request: watch.meters(request, desk)))),
        Mount("/assets", app=Assets()),
    ]
    return Parts(routes=routes, middleware=[Middleware(Ahead)], lifespan=partial(lifetime, desk))


def listening_on(address: str | None) -> str | None:
    """Where the server listens, as far as it can be told: uvicorn's own option, then what the caller says."""
    program, *arguments = sys.argv or [""]
    if Path(program).stem != "uvicorn" and Path(program).parent.name != "uvicorn":
        return address
    for number, argument in enumerate(arguments):
        name, is_set, value = argument.partition("=")
        if name == "--host":
            return value if is_set else next(iter(arguments[number + 1 :]), None)
    return os.environ.get("UVICORN_HOST", "127.0.0.1")


def _api(desk: Desk, settings: Settings) -> FastAPI:
    api = FastAPIOffline(
        title="Pulseboard", version=__version__, description=_ABOUT, openapi_tags=_TAGS,
        root_path_in_servers=True, redirect_slashes=False,
    )
    api.state.desk = desk
    for room in (events, questions, explain, dashboards, exports, boards, shares, people, analytics, live, watch):
        api.include_router(room.router)
    faults.install(api)
    api.add_middleware(faults.Faults)
    api.add_middleware(
        CORSMiddleware, allow_origins=list(settings.cors_origin), allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Content-Encoding", "X-API-Key"], expose_headers=["Retry-After"],
    )
    describe = api.openapi

    def described() -> dict[str, Any]:
        if api.openapi_schema is None:
            found = describe()
            found["components"]["schemas"].update(schemas.components())
            found["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
        return describe()

    api.openapi = described  # type: ignore[method-assign]
    return api


_TAGS = [
    {"name": "send", "description": "Records in."},
    {"name": "ask", "description": "Figures out."},
    {"name": "dashboards", "description": "Dashboards: what people put together, drawn, kept and shared."},
    {"name": "people", "description": "Who may do what, for administrators: people, keys, and the audit log."},
    {"name": "widget guide", "description": "The paths of the widget guide; they are there without `/api` too."},
    {"name": "integration guide", "description": "The paths and shapes of the integration guide."},
    {"name": "watch", "description": "How the product feels."},
]


def _with(door: Callable[[WebSocket, Desk], Awaitable[None]], desk: Desk) -> Callable[[WebSocket], Awaitable[None]]:
    async def opened(ws: WebSocket) -> None:
        await door(ws, desk)

    return opened


class _Page:
    """An answer to GET, as an application of its own."""

    def __init__(self, page: Callable[[Request], Awaitable[Response]]) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD"):
            wrong = faults.error_body("wrong_method", f"{request.url.path} takes GET.")
            response = faults.answer(wrong, 405, {"Allow": "GET, HEAD"})
        else:
            response = await self._page(request)
        await response(scope, receive, send)


def __getattr__(name: str) -> Any:
    """`uvicorn metrics_core.api.server:app` serves the doors without the pages."""
    if name == "app":
        try:
            return Starlette(**build_parts())
        except SettingError as error:
            give_up(error)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
