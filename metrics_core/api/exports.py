"""Doors through which a dashboard or a widget leaves as a file: JSON to import again, CSV, Excel, PDF, PNG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from metrics_core.api import board_shapes as shapes
from metrics_core.api.callers import Caller
from metrics_core.api.dashboards import Looking, Name
from metrics_core.api.faults import answer
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.exports.formats import FORMATS, File, Wish
from metrics_core.model.access import Principal
from metrics_core.widgets.theme import Scheme

router = APIRouter(tags=["dashboards"])

JSON: Literal["json"] = "json"
_FILES: dict[int | str, dict[str, Any]] = {200: {
    "description": "The file.",
    "content": {
        "application/json": {"schema": {"type": "object"}},
        **{media: {"schema": {"type": "string", "format": "binary"}}
           for row in FORMATS.values() for media in (row.media, row.all_media) if media},
    },
}}  # fmt: skip
_OWN = ("format", "widget", "plain", "theme", "ticket")
"""Parameters that are no part of a state."""

Sort = Literal["json", "csv", "xlsx", "pdf", "png"]


class Export(shapes.StateOf):
    """Which file, of what, in which state."""

    format: Sort = JSON
    widget: str | None = Field(None, max_length=64, description="The id of one widget; without it, the whole dashboard.")
    plain: bool = Field(False, description="Of a CSV of one widget: the table and nothing else.")
    theme: Scheme = Field("light", description="Of a picture.")


@router.get("/v1/dashboards/{name}/export", summary="A dashboard or a widget as a file", response_class=Response,
            responses={**shapes.answers(), **_FILES})
async def export(
    name: Name, request: Request, called: Looking,
    format: Annotated[Sort, Query(description="json is the dashboard itself, to import here or elsewhere.")] = JSON,
    widget: Annotated[str | None, Query(max_length=64, description="The id of one widget.")] = None,
    plain: Annotated[bool, Query(description="Of a CSV of one widget: the table and nothing else.")] = False,
    theme: Annotated[Scheme, Query(description="Of a picture.")] = "light",
) -> Response:  # fmt: skip
    params = {key: value for key, value in request.query_params.items() if key not in _OWN}

    def state(engine: Engine, default: State) -> State:
        return engine.links.read(params, default)

    return await _file(called, name, Wish(format, widget, plain, theme), state)


@router.post("/v1/dashboards/{name}/export", summary="A dashboard or a widget as a file, in a state",
             response_class=Response, responses={**shapes.answers(*shapes.ASKS), **_FILES},
             openapi_extra=shapes.takes(Export))
async def export_state(name: Name, request: Request, called: Looking) -> Response:
    said = await shapes.read(request, called.desk, Export)
    wish = Wish(said.format, said.widget, said.plain, said.theme)
    return await _file(called, name, wish, lambda engine, default: State.of(said.state, default))


async def _file(called: Caller, name: str, wish: Wish, state: Callable[[Engine, State], State]) -> Response:
    if wish.format == JSON:
        body = await called.run(lambda engine, who: engine.shelf.export(name, who))
        return answer(body, headers=_headers(f"{name}.json"))

    def written(engine: Engine, who: Principal) -> File:
        default = State.of(engine.shelf.read(name, who).dashboard.state)
        return engine.export(name, state(engine, default), wish, who)

    file = await called.run(written)
    return Response(file.content, media_type=file.media, headers=_headers(file.name))


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
