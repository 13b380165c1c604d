"""Doors for links: made, listed, revoked, and opened by whoever has one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from metrics_core.api import board_shapes as shapes
from metrics_core.api.callers import Caller, anyone
from metrics_core.api.dashboards import Changing, Looking, Name, told
from metrics_core.api.events import OPEN_TO_KEYS
from metrics_core.api.faults import answer
from metrics_core.dashboards import rights
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import Principal

router = APIRouter(tags=["dashboards"])

Link = Annotated[str, Path(description="The id of a link.", json_schema_extra=shapes.ID)]


@router.post("/v1/dashboards/{name}/share", summary="Make a link", response_model=shapes.Made, status_code=201,
             responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(shapes.NewShare, changes=True))
async def share(name: Name, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.NewShare)

    def made(engine: Engine, who: Principal) -> dict[str, Any]:
        saved = _shareable(engine, name, who)
        state = State.of(said.state, State.of(saved.dashboard.state))
        frozen = engine.boards.freeze(saved.dashboard, state, who, name=name) if said.frozen else None
        link, token = engine.shares.create(
            name, who, state=state, label=said.label, days=said.days, password=said.password, free=said.free,
            allowed=said.allowed, embed=said.embed, export=said.export, frozen=frozen,
            frozen_at=None if frozen is None else frozen["as_of"],
        )  # fmt: skip
        return {"share": link.body(), "token": token}

    return answer(await called.run(made), 201)


@router.get("/v1/dashboards/{name}/shares", summary="The links of a dashboard", response_model=shapes.Links,
            responses=shapes.answers())
async def shares(name: Name, called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        _shareable(engine, name, who)
        return {"shares": [link.body() for link in engine.shares.of(name)]}

    return answer(await called.run(found))


@router.delete("/v1/dashboards/{name}/shares/{link}", summary="Revoke a link", response_model=dict[str, Any],
               responses=shapes.answers(429), openapi_extra={"security": OPEN_TO_KEYS})
async def revoke(name: Name, link: Link, called: Changing) -> Response:
    def revoked(engine: Engine, who: Principal) -> dict[str, Any]:
        _shareable(engine, name, who)
        return engine.shares.revoke(name, link, who).body()

    return answer(await called.run(revoked))


@router.post("/v1/shares/open", summary="Open a link by its token", response_model=shapes.Opened,
             responses=shapes.answers(*shapes.ASKS, 429), openapi_extra=shapes.takes(shapes.OpenShare))
async def open_share(request: Request, called: Annotated[Caller, Depends(anyone)]) -> Response:
    said = await shapes.read(request, called.desk, shapes.OpenShare)

    def opened(engine: Engine, _: Principal) -> dict[str, Any]:
        link = engine.shares.open(said.token, said.password)
        who = link.principal()
        saved = engine.shelf.read(link.dashboard, who)
        return {"ticket": engine.tickets.mint(who), **told(engine, saved, who)}

    return answer(await called.run(opened), headers={"Cache-Control": "no-store"})


def _shareable(engine: Engine, name: str, who: Principal) -> Saved:
    saved = engine.shelf.read(name, who)
    rights.require(rights.may_share(saved.dashboard, who), "Links are made and seen by managers and above.")
    return saved
