"""Doors for what a dashboard shows: its data, a preview of a widget, what a frozen link holds, and presets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from metrics_core.api import board_shapes as shapes
from metrics_core.api.dashboards import Changing, Looking, Name
from metrics_core.api.events import OPEN_TO_KEYS
from metrics_core.api.faults import answer
from metrics_core.dashboards import rights
from metrics_core.dashboards.document import read_widget
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import Principal
from metrics_core.widgets.kinds import WIDGETS

router = APIRouter(tags=["dashboards"])

Preset = Annotated[str, Path(description="The id of a preset.", json_schema_extra=shapes.ID)]


@router.post("/v1/dashboards/{name}/data", summary="Every widget of a dashboard, drawn, all from one instant",
             response_model=shapes.Data, responses=shapes.answers(*shapes.ASKS), openapi_extra=shapes.takes(shapes.Ask))
async def data(name: Name, request: Request, called: Looking) -> Response:
    said = await shapes.read(request, called.desk, shapes.Ask)

    def drawn(engine: Engine, who: Principal) -> dict[str, Any]:
        saved = engine.shelf.glance(name, who)
        state = State.of(said.state, State.of(saved.dashboard.state))
        return engine.boards.data(
            saved.dashboard, state, who, said.have, name=name, version=saved.version, newest=said.newest
        )

    return answer(await called.run(drawn), headers={"Cache-Control": "no-store"})


@router.post("/v1/dashboards/{name}/preview", summary="One widget drawn before it is saved", response_model=shapes.Drawing,
             responses=shapes.answers(*shapes.ASKS), openapi_extra=shapes.takes(shapes.Preview))
async def preview(name: Name, request: Request, called: Looking) -> Response:
    said = await shapes.read(request, called.desk, shapes.Preview)

    def drawn(engine: Engine, who: Principal) -> dict[str, Any]:
        saved = engine.shelf.glance(name, who)
        state = State.of(said.state, State.of(saved.dashboard.state))
        return engine.boards.preview(read_widget(said.widget, WIDGETS), state, who, name=name)

    return answer(await called.run(drawn))


@router.get("/v1/dashboards/{name}/frozen", summary="What the sender of a frozen link saw", response_model=shapes.Frozen,
            responses=shapes.answers())
async def frozen(name: Name, called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        engine.shelf.glance(name, who)
        rights.require(who.link is not None, "Only who came by a frozen link sees what it holds.")
        kept = engine.shares.frozen(who.link or "")
        return {key: kept[key] for key in ("instant", "origin", "state", "document", "widgets")}

    return answer(await called.run(found))


@router.get("/v1/dashboards/{name}/presets", summary="States that were given a name", response_model=shapes.Presets,
            responses=shapes.answers())
async def presets(name: Name, called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        engine.shelf.glance(name, who)
        return {"presets": [preset.body(who) for preset in engine.presets.of(name, who)]}

    return answer(await called.run(found))


@router.post("/v1/dashboards/{name}/presets", summary="Give a state a name", response_model=dict[str, Any],
             status_code=201, responses=shapes.answers(*shapes.WRITES),
             openapi_extra=shapes.takes(shapes.NewPreset, changes=True))
async def save_preset(name: Name, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.NewPreset)

    def kept(engine: Engine, who: Principal) -> dict[str, Any]:
        engine.shelf.read(name, who)
        return engine.presets.save(name, said.name, State.of(said.state), who, shared=said.shared).body(who)

    return answer(await called.run(kept), 201)


@router.delete("/v1/dashboards/{name}/presets/{preset}", summary="Delete a preset", status_code=204,
               response_class=Response, responses=shapes.answers(429), openapi_extra={"security": OPEN_TO_KEYS})
async def delete_preset(name: Name, preset: Preset, called: Changing) -> Response:
    await called.run(lambda engine, who: engine.presets.delete(name, preset, who))
    return Response(status_code=204)
