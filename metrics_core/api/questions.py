"""Doors for questions: figures, the registry, the snapshot, the real-time metrics, and the live users."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from metrics_core.api import schemas
from metrics_core.api.bodies import read_object
from metrics_core.api.callers import Caller, caller, may
from metrics_core.api.events import REFUSALS
from metrics_core.api.faults import answer
from metrics_core.api.shapes import registry
from metrics_core.engine import Engine
from metrics_core.feed.message import VIEWS, metrics_of, view_of
from metrics_core.model.access import Principal
from metrics_core.reads.ask import read_question
from metrics_core.reads.body import as_json

router = APIRouter()

Asking = Annotated[Caller, Depends(may("ask"))]
Looking = Annotated[Caller, Depends(may("look"))]


def reading(*also: int) -> dict[int | str, dict[str, Any]]:
    """What a door that is only read may answer besides."""
    unknown = {"model": schemas.Error, "description": "A name that is not known, with what was probably meant."}
    return {**{status: REFUSALS[status] for status in (401, 403, 500, 503, *also)}, 422: unknown}


Origin = Annotated[str, Query(description="Which data to show.", json_schema_extra={"enum": list(VIEWS)})]


@router.post(
    "/v1/query", tags=["ask"], summary="Figures: which, over what, split how", response_model=schemas.Answer,
    responses=reading(400, 413, 415), openapi_extra=schemas.body_of(schemas.Question),
)
async def query(request: Request, called: Asking) -> Response:
    question = await read_object(request, called.desk.engine.settings.max_body_bytes)
    return answer(await called.run(lambda engine, who: _answer(engine, question, who)))


@router.get(
    "/v1/measures", tags=["ask"], summary="Every measure with its definition", response_model=schemas.Registry,
    responses=reading(), dependencies=[Depends(caller)],
)
async def measures() -> Response:
    return answer(registry())


@router.get(
    "/v1/snapshot", tags=["ask"], summary="Every figure over every period, at one moment", response_model=schemas.Snapshot,
    responses=reading(),
)
async def snapshot(called: Looking, origin: Origin = "real") -> Response:
    return answer(await called.run(lambda engine, who: engine.live(view_of(origin), who)))


@router.get(
    "/v1/analytics/realtime-metrics", tags=["ask"], summary="The figures of now", response_model=schemas.RealtimeMetrics,
    responses=reading(),
)
async def realtime_metrics(called: Looking, origin: Origin = "real") -> Response:
    return answer(metrics_of(await called.run(lambda engine, who: engine.live(view_of(origin), who))))


@router.get(
    "/metrics", tags=["integration guide"], summary="The latest of every live user", response_model=schemas.Users,
    responses=reading(),
)
async def users(called: Asking) -> Response:
    return answer({"metrics": await called.run(lambda engine, who: engine.latest_users(who)), "events": []})


def _answer(engine: Engine, question: dict[str, Any], who: Principal) -> dict[str, object]:
    result = engine.ask(question, who)
    origin = engine.origin(question.get("origin") or "real", who)
    query = read_question(question, calendar=engine.calendar, now=result.as_of, shown=lambda _: tuple(origin["shown"]))
    return as_json(result, query, engine.settings.currency_digits, origin)
