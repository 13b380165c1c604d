"""Doors for those who watch over the product: its health, and its figures for Prometheus."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from metrics_core.access.roles import allows, require
from metrics_core.api import schemas
from metrics_core.api.callers import Caller, watcher, watcher_at
from metrics_core.api.desk import Desk, principal_of
from metrics_core.api.faults import answer
from metrics_core.api.questions import reading
from metrics_core.errors import ForbiddenError
from metrics_core.health import DOWN, METERS

router = APIRouter()


@router.get(
    "/v1/health", tags=["watch"], summary="The state of every part", response_model=schemas.Report,
    responses={**reading(), 503: {"model": schemas.Report, "description": "The store is away: nothing can be taken in."}},
)
async def health_of(called: Annotated[Caller, Depends(watcher)]) -> Response:
    return await health(called)


async def health(called: Caller) -> Response:
    """The report; 503 where nothing can be taken in. Whoever may not look is told how it stands, and no more."""
    desk, who = called
    report: dict[str, Any] = await to_thread.run_sync(desk.engine.report)
    if not allows(who, "look") or who.filters:
        parts = {name: {"state": part["state"], "detail": ""} for name, part in report["parts"].items()}
        report = {**report, "parts": parts, "counts": {}}
    return answer(report, 503 if report["status"] == DOWN else 200, {"Cache-Control": "no-store"})


async def health_at(request: Request, desk: Desk) -> Response:
    """The same at the root, where nothing but the state is asked for by those who see that it runs."""
    return await health(await watcher_at(desk, request))


async def meters(request: Request, desk: Desk) -> Response:
    """What Prometheus collects."""
    who = await principal_of(desk, request)
    require(who, "look")
    if who.filters:
        msg = "These figures are of everything, and you see a part of it. Collect them with a key that sees everything."
        raise ForbiddenError(msg)
    report = await to_thread.run_sync(desk.engine.report)
    return Response(METERS.text(report, desk.hub.counts()), media_type=CONTENT_TYPE_LATEST)
