"""Doors for questions: figures, the registry, the snapshot, the real-time metrics, and the live users."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from metrics_core.api import schemas
from metrics_core.api.bodies import read_object
from metrics_core.api.desk import Desk, reader
from metrics_core.api.events import REFUSALS
from metrics_core.api.faults import answer
from metrics_core.api.shapes import registry
from metrics_core.feed.message import VIEWS, metrics_of, view_of
from metrics_core.reads.ask import read_question
from metrics_core.reads.body import as_json

router = APIRouter()


def reading(*also: int) -> dict[int | str, dict[str, Any]]:
    """What a door that is only read may answer besides."""
    unknown = {"model": schemas.Error, "description": "A name that is not known, with what was probably meant."}
    return {**{status: REFUSALS[status] for status in (403, 500, 503, *also)}, 422: unknown}


Origin = Annotated[str, Query(description="Which data to show.", json_schema_extra={"enum": list(VIEWS)})]


@router.post(
    "/v1/query", tags=["ask"], summary="Figures: which, over what, split how", response_model=schemas.Answer,
    responses=reading(400, 413, 415), openapi_extra=schemas.body_of(schemas.Question),
)
async def query(request: Request, desk: Annotated[Desk, Depends(reader)]) -> Response:
    question = await read_object(request, desk.engine.settings.max_body_bytes)
    return answer(await to_thread.run_sync(_answer, desk, question))


@router.get(
    "/v1/measures", tags=["ask"], summary="Every measure with its definition", response_model=schemas.Registry,
    responses=reading(), dependencies=[Depends(reader)],
)
async def measures() -> Response:
    return answer(registry())


@router.get(
    "/v1/snapshot", tags=["ask"], summary="Every figure over every period, at one moment", response_model=schemas.Snapshot,
    responses=reading(),
)
async def snapshot(desk: Annotated[Desk, Depends(reader)], origin: Origin = "real") -> Response:
    return answer(await to_thread.run_sync(desk.engine.live, view_of(origin)))


@router.get(
    "/v1/analytics/realtime-metrics", tags=["ask"], summary="The figures of now", response_model=schemas.RealtimeMetrics,
    responses=reading(),
)
async def realtime_metrics(desk: Annotated[Desk, Depends(reader)], origin: Origin = "real") -> Response:
    return answer(metrics_of(await to_thread.run_sync(desk.engine.live, view_of(origin))))


@router.get(
    "/metrics", tags=["integration guide"], summary="The latest of every live user", response_model=schemas.Users,
    responses=reading(),
)
async def users(desk: Annotated[Desk, Depends(reader)]) -> Response:
    return answer({"metrics": await to_thread.run_sync(desk.engine.latest_users), "events": []})


def _answer(desk: Desk, question: dict[str, Any]) -> dict[str, object]:
    engine = desk.engine
    result = engine.ask(question)
    origin = engine.live(question.get("origin") or "real")["origin"]
    query = read_question(question, calendar=engine.calendar, now=result.as_of, shown=lambda _: tuple(origin["shown"]))
    return as_json(result, query, engine.settings.currency_digits, origin)
