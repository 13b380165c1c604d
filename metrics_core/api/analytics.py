"""Doors under the paths of the widget guide: the default layout, its widgets, the dashboard of now, and health."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from metrics_core.api import board_shapes as shapes
from metrics_core.api import schemas, watch
from metrics_core.api.callers import Caller, watcher
from metrics_core.api.dashboards import Looking
from metrics_core.api.events import REFUSALS
from metrics_core.api.faults import answer
from metrics_core.dashboards.default import DEFAULT
from metrics_core.dashboards.document import widget_body
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.errors import UnknownNameError
from metrics_core.feed.message import metrics_of
from metrics_core.model.access import Principal

router = APIRouter(tags=["widget guide"])

Board = Annotated[str, Query(description="The id of a dashboard.")]


class Position(BaseModel):
    x: int
    y: int
    w: int
    h: int


class LaidOut(BaseModel):
    """A widget and where it sits, in a grid of twelve columns."""

    id: str
    type: str
    title: str
    position: Position
    config: dict[str, Any]


class Layout(BaseModel):
    id: str
    name: str
    version: int
    columns: int
    widgets: list[LaidOut]


class WidgetData(BaseModel):
    id: str
    type: str
    title: str
    data: dict[str, Any] | None
    error: dict[str, Any] | None


class Widgets(BaseModel):
    """Widgets, all from one instant."""

    dashboard: str
    instant: dict[str, Any]
    origin: dict[str, Any]
    stale: dict[str, Any] | None
    widgets: list[WidgetData]


class Realtime(Widgets):
    """The default dashboard and the real-time metrics of now."""

    metrics: dict[str, Any] | None


@router.get("/analytics/dashboard/layout/default", summary="The default layout", response_model=Layout,
            responses=shapes.answers())
async def layout(called: Looking) -> Response:
    saved = await called.run(lambda engine, who: engine.shelf.glance(DEFAULT, who))
    rows = [widget_body(widget) for widget in saved.dashboard.widgets]
    widgets = [
        {"id": row["id"], "type": row["kind"], "title": row["title"], "position": row["place"], "config": row["spec"]}
        for row in rows
    ]  # fmt: skip
    return answer({
        "id": saved.id, "name": saved.dashboard.title, "version": saved.version, "columns": 12, "widgets": widgets,
    })  # fmt: skip


@router.get("/analytics/widgets/data", summary="The data of the widgets of a dashboard, or of some of them",
            response_model=Widgets, responses=shapes.answers())
async def widgets(
    request: Request, called: Looking, dashboard: Board = DEFAULT,
    widget: Annotated[list[str] | None, Query(description="Ids of widgets; all of them when left out.")] = None,
) -> Response:
    """Takes the parameters of a link too: period, from, to, compare, zone, origin, where."""
    params = dict(request.query_params)

    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        saved = engine.shelf.glance(dashboard, who)
        return _drawn(engine, saved, engine.links.read(params, State.of(saved.dashboard.state)), who, widget)

    return answer(await called.run(found), headers={"Cache-Control": "no-store"})


@router.get("/analytics/dashboard/realtime", summary="The default dashboard and the metrics of now",
            response_model=Realtime, responses=shapes.answers())
async def realtime(called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        saved = engine.shelf.glance(DEFAULT, who)
        state = State.of(saved.dashboard.state)
        # A link shows its dashboard, and the real-time metrics are none of it.
        metrics = metrics_of(engine.live(state.origin, who)) if who.link is None else None
        return {**_drawn(engine, saved, state, who, None), "metrics": metrics}

    return answer(await called.run(found), headers={"Cache-Control": "no-store"})


@router.get("/analytics/health", summary="The state of every part", response_model=schemas.Report,
            responses={**{status: REFUSALS[status] for status in (401, 403, 500)},
                       503: {"model": schemas.Report, "description": "The store is away: nothing can be taken in."}})
async def health(called: Annotated[Caller, Depends(watcher)]) -> Response:
    return await watch.health(called)


def _drawn(engine: Engine, saved: Saved, state: State, who: Principal, wanted: list[str] | None) -> dict[str, Any]:
    found = {widget.id: widget for widget in saved.dashboard.widgets}
    for name in wanted or ():
        if name not in found:
            raise UnknownNameError(what="widget of this dashboard", name=name, known=found)
    body = engine.boards.data(saved.dashboard, state, who, name=saved.id, version=saved.version)
    rows = [
        {
            "id": widget.id, "type": widget.kind, "title": widget.title,
            "data": body["widgets"][widget.id].get("drawing"), "error": body["widgets"][widget.id].get("error"),
        }
        for widget in found.values()
        if not wanted or widget.id in wanted
    ]  # fmt: skip
    return {
        "dashboard": saved.id, "instant": body["instant"], "origin": body["origin"], "stale": body["stale"],
        "widgets": rows,
    }  # fmt: skip


class AtRoot:
    """The same doors without `/api` before them, as the guide writes them."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api({**scope, "root_path": ""}, receive, send)
