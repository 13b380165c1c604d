"""Doors for those who watch over the product: its health, and its figures for Prometheus."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from metrics_core.api import schemas
from metrics_core.api.desk import Desk, reader
from metrics_core.api.faults import answer
from metrics_core.api.questions import reading
from metrics_core.health import DOWN, METERS

router = APIRouter()


@router.get(
    "/v1/health", tags=["watch"], summary="The state of every part", response_model=schemas.Report,
    responses={**reading(), 503: {"model": schemas.Report, "description": "The store is away: nothing can be taken in."}},
)
async def health_of(desk: Annotated[Desk, Depends(reader)]) -> Response:
    return await health(desk)


async def health(desk: Desk) -> Response:
    """The report; 503 where nothing can be taken in."""
    report: dict[str, Any] = await to_thread.run_sync(desk.engine.report)
    return answer(report, 503 if report["status"] == DOWN else 200, {"Cache-Control": "no-store"})


async def meters(request: Request, desk: Desk) -> Response:
    """What Prometheus collects."""
    desk.lets_read(request)
    report = await to_thread.run_sync(desk.engine.report)
    return Response(METERS.text(report, desk.hub.counts()), media_type=CONTENT_TYPE_LATEST)
