"""Doors for dashboards: list, read, write, versions, in and out as JSON, and the kinds of widget."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from metrics_core.api import board_shapes as shapes
from metrics_core.api.callers import Caller, caller, changer
from metrics_core.api.events import OPEN_TO_KEYS
from metrics_core.api.faults import answer
from metrics_core.dashboards import rights
from metrics_core.dashboards.document import anonymous, body_of
from metrics_core.dashboards.shelf import Saved
from metrics_core.engine import Engine
from metrics_core.model.access import Principal
from metrics_core.widgets.kinds import WIDGETS

router = APIRouter(tags=["dashboards"])

Looking = Annotated[Caller, Depends(caller)]
Changing = Annotated[Caller, Depends(changer)]
Name = Annotated[str, Path(description="The id of a dashboard, as the list names it.", json_schema_extra=shapes.ID)]


def told(engine: Engine, saved: Saved, who: Principal) -> dict[str, Any]:
    """A dashboard for somebody: who made it is told to those who make some themselves."""
    share = None if who.link is None else engine.shares.current(who.link)
    people = rights.may_create(who)
    return {
        "id": saved.id, "version": saved.version,
        "document": body_of(saved.dashboard if people else anonymous(saved.dashboard)),
        "saved": saved.told() if people else None, "may": rights.allowed(saved.dashboard, who),
        "share": None if share is None else share.terms(),
    }  # fmt: skip


@router.get("/v1/widgets", summary="The kinds of widget, each with the schema of its options", response_model=shapes.Kinds,
            responses=shapes.answers(), dependencies=[Depends(caller)])
async def widgets() -> Response:
    return answer({"widgets": [kind.described() for kind in WIDGETS.values()]})


@router.get("/v1/dashboards", summary="The dashboards there are", response_model=shapes.Listed, responses=shapes.answers())
async def listed(called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        return {"dashboards": [_row(saved, who) for saved in engine.shelf.all(who)]}

    return answer(await called.run(found))


@router.post("/v1/dashboards", summary="Make a dashboard", response_model=shapes.Told, status_code=201,
             responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(shapes.Document, changes=True))
async def create(request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.Document)
    return answer(await called.run(lambda engine, who: told(engine, engine.shelf.create(said.document, who), who)), 201)


@router.post("/v1/dashboards/import", summary="Make a dashboard from an exported one", response_model=shapes.Told,
             status_code=201, responses=shapes.answers(*shapes.WRITES),
             openapi_extra=shapes.takes(shapes.Exported, changes=True))
async def bring(request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.Exported)
    return answer(await called.run(lambda engine, who: told(engine, engine.shelf.bring(said.model_dump(), who), who)), 201)


@router.get("/v1/dashboards/{name}", summary="A dashboard", response_model=shapes.Told, responses=shapes.answers())
async def read(name: Name, called: Looking) -> Response:
    return answer(await called.run(lambda engine, who: told(engine, engine.shelf.read(name, who), who)))


@router.put("/v1/dashboards/{name}", summary="Save a dashboard over the version that was read", response_model=shapes.Told,
            responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(shapes.Save, changes=True))
async def save(name: Name, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.Save)

    def saved(engine: Engine, who: Principal) -> dict[str, Any]:
        return told(engine, engine.shelf.save(name, said.document, who, expecting=said.expecting), who)

    return answer(await called.run(saved))


@router.delete("/v1/dashboards/{name}", summary="Delete a dashboard, its versions and its links", status_code=204,
               response_class=Response, responses=shapes.answers(409, 429), openapi_extra={"security": OPEN_TO_KEYS})
async def delete(name: Name, called: Changing) -> Response:
    await called.run(lambda engine, who: engine.shelf.delete(name, who))
    return Response(status_code=204)


@router.post("/v1/dashboards/{name}/copy", summary="A copy of one's own", response_model=shapes.Told, status_code=201,
             responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(shapes.Copy, changes=True))
async def copy(name: Name, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.Copy)

    def copied(engine: Engine, who: Principal) -> dict[str, Any]:
        return told(engine, engine.shelf.duplicate(name, who, said.title), who)

    return answer(await called.run(copied), 201)


@router.get("/v1/dashboards/{name}/versions", summary="Who saved what when, twenty versions back",
            response_model=shapes.Versions, responses=shapes.answers())
async def versions(name: Name, called: Looking) -> Response:
    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        rows = engine.shelf.versions(name, who)
        return {"versions": [{**saved.told(), "document": body_of(saved.dashboard)} for saved in rows]}

    return answer(await called.run(found))


@router.post("/v1/dashboards/{name}/restore", summary="Make an earlier version the newest", response_model=shapes.Told,
             responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(shapes.Restore, changes=True))
async def restore(name: Name, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, shapes.Restore)

    def restored(engine: Engine, who: Principal) -> dict[str, Any]:
        return told(engine, engine.shelf.restore(name, said.version, who, expecting=said.expecting), who)

    return answer(await called.run(restored))


def _row(saved: Saved, who: Principal) -> dict[str, Any]:
    dashboard = saved.dashboard
    return {
        "id": saved.id, "version": saved.version, "title": dashboard.title, "description": dashboard.description,
        "owner": dashboard.owner if rights.may_create(who) else "", "visibility": str(dashboard.visibility),
        "widgets": len(dashboard.widgets), "saved": saved.told() if rights.may_create(who) else None,
        "may": rights.allowed(dashboard, who),
    }  # fmt: skip
