"""Doors for explanations: what a figure is made of, and the rows behind it, as pages and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from metrics_core.api import board_shapes as shapes
from metrics_core.api.dashboards import Looking
from metrics_core.api.faults import answer
from metrics_core.engine import Engine
from metrics_core.exports.rows import csv_rows
from metrics_core.model.access import Principal

router = APIRouter(tags=["ask"])

SPOOLED = 8 << 20
"""Bytes of a file that are kept in memory; more of them go to disk until they are sent."""
PIECE = 1 << 16


class Figure(BaseModel):
    """Which figure: a measure, and what a question says besides."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [
        {"measure": "revenue", "over": "today", "compare": True, "where": {"channel": "online"}},
    ]})
    measure: str = Field(description="A name from /api/v1/measures.")
    over: Any = Field("current", description="A period, or a start and an end.")
    where: Any = Field(None, description="Filters, as a question has them.")
    by: dict[str, Any] | None = Field(None, description='Which part of a split it is: {"channel": "online"}.')
    compare: Any = Field(True, description="What to compare with, as a question has it.")
    zone: str | None = None
    origin: str | None = None
    as_of: str | None = Field(None, description="The instant it belongs to; without one, that of the newest snapshot.")
    dimensions: list[str] | None = Field(None, description="What to split it by; without, as much as is reasonable.")


class Pages(Figure):
    """Which figure, and which of its rows."""

    search: str = Field("", max_length=200, description="Only rows that have this text in one of their fields.")
    after: str | None = Field(None, max_length=400, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=1_000)


class File(Figure):
    """Which figure, and which of its rows."""

    search: str = Field("", max_length=200)


class Explained(BaseModel):
    """Everything there is to say about a figure."""

    measure: dict[str, Any]
    value: float | None
    before: float | None
    change: dict[str, Any]
    against: str | None
    terms: list[dict[str, Any]]
    window: dict[str, Any]
    reaches: dict[str, Any]
    compared: dict[str, Any] | None
    where: list[dict[str, Any]]
    origin: dict[str, Any]
    instant: dict[str, Any]
    rows: dict[str, Any]
    peak_at: str | None
    contributions: list[dict[str, Any]]
    unsplit: list[str]
    moves: dict[str, int] | None
    check: dict[str, Any]


class Page(BaseModel):
    """Some of the rows, newest first, and where the next begin."""

    rows: list[dict[str, Any]]
    next: str | None
    looked: int = Field(description="Events looked through: a search stops at a bound, and goes on at `next`.")
    as_of: str


@router.post("/v1/explain", summary="What a figure is made of, counted a second time", response_model=Explained,
             responses=shapes.answers(*shapes.ASKS), openapi_extra=shapes.takes(Figure))
async def explain(request: Request, called: Looking) -> Response:
    said = _figure(await shapes.read(request, called.desk, Figure))
    body = await called.run(lambda engine, who: engine.explain(said, who))
    return answer(body, headers={"Cache-Control": "no-store"})


@router.post("/v1/explain/rows", summary="The rows behind a figure, newest first", response_model=Page,
             responses=shapes.answers(*shapes.ASKS), openapi_extra=shapes.takes(Pages))
async def rows(request: Request, called: Looking) -> Response:
    said = await shapes.read(request, called.desk, Pages)

    def found(engine: Engine, who: Principal) -> dict[str, Any]:
        return engine.explained_rows(_figure(said), who, search=said.search, after=said.after, limit=said.limit)

    return answer(await called.run(found), headers={"Cache-Control": "no-store"})


@router.post("/v1/explain/rows.csv", summary="The rows behind a figure as a file, in the order of time",
             response_class=Response, responses={**shapes.answers(*shapes.ASKS), 200: {"content": {"text/csv": {}}}},
             openapi_extra=shapes.takes(File))
async def file(request: Request, called: Looking) -> Response:
    said = await shapes.read(request, called.desk, File)

    def found(engine: Engine, who: Principal) -> IO[bytes]:
        # Written down before any of it is sent: the events are read in one go, and an error is still an answer.
        query, facts = engine.explained_facts(_figure(said), who, search=said.search)
        into = SpooledTemporaryFile(max_size=SPOOLED)
        for piece in csv_rows(facts, query, engine.settings.currency_digits):
            into.write(piece)
        into.seek(0)
        return into

    headers = {"Content-Disposition": f'attachment; filename="{said.measure}-rows.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(await called.run(found)), media_type="text/csv; charset=utf-8", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _figure(said: Figure) -> dict[str, Any]:
    """What was said of the figure itself; a name that is not known is answered with what was probably meant."""
    return said.model_dump(exclude={"search", "after", "limit"}, exclude_unset=True)
