"""Doors for records: orders, order statuses, refunds, events, user activity, or all of them mixed."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, NamedTuple

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from metrics_core.api import schemas
from metrics_core.api.bodies import read_body, read_object
from metrics_core.api.desk import Desk, sender
from metrics_core.api.faults import answer
from metrics_core.api.shapes import receipt_of
from metrics_core.ingest.helper import Asked
from metrics_core.ingest.large import LARGE
from metrics_core.ingest.records import Records
from metrics_core.model.event import LIVE, Receipt

router = APIRouter()

OPEN_TO_KEYS: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"key": []}]

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": schemas.Error, "description": "The body could not be read: it is not JSON, or not UTF-8."},
    401: {"model": schemas.Error, "description": "A key is needed."},
    403: {"model": schemas.Error, "description": "Not from here; the message says what to set."},
    413: {"model": schemas.Error, "description": "The body is larger than MAX_BODY_BYTES."},
    415: {"model": schemas.Error, "description": "The body is packed in a way that is not taken."},
    429: {"model": schemas.Error, "description": "Too many requests; Retry-After says when to come back."},
    500: {"model": schemas.Error, "description": "Our fault; the log has more under the reference."},
    503: {"model": schemas.Error, "description": "Full, or without its database; nothing was taken in. See Retry-After."},
}
_SENDING: dict[int | str, dict[str, Any]] = {
    **REFUSALS,
    422: {"model": schemas.Receipt | schemas.Error, "description": "Nothing was kept; the receipt names each reason."},
}

Source = Annotated[
    str, Query(pattern=r"^[\w.:-]{1,64}$", description="Who sends: kept with every record, and a dimension of answers."),
]
Origin = Annotated[
    Literal["live", "sim", "demo", "import"],
    Query(description="What the records are: live is real, sim and demo are made up and marked as such everywhere."),
]
RunId = Annotated[
    str | None, Query(pattern=r"^[\w.:-]{1,64}$", description="The run of made-up records, by which they can be removed."),
]


class Door(NamedTuple):
    """A way in for records of one sort, or (record None) of any."""

    path: str
    record: str | None
    summary: str
    models: tuple[type[BaseModel], ...]
    lists: tuple[str, ...]


DOORS = (
    Door("/v1/orders", "order", "Orders: one, or a list", (schemas.Order, schemas.Sale), ("records", "orders")),
    Door("/v1/events", "event", "Events: one, or a list", (schemas.Event,), ("records", "events")),
    Door("/v1/activity", "activity", "What users are doing: one, or a list", (schemas.Activity,), ("records", "metrics")),
    Door("/v1/refunds", "refund", "Refunds: one, or a list", (schemas.Refund,), ("records", "refunds")),
    Door(
        "/v1/ingest", None, "Records of any sort, mixed",
        (schemas.Order, schemas.Sale, schemas.OrderMoved, schemas.Refund, schemas.Event, schemas.Activity), ("records",),
    ),
    Door("/metrics", "activity", "What one user is doing", (schemas.Activity,), ("metrics",)),
    Door("/metrics/bulk", "activity", "What many users are doing", (schemas.Activity,), ("metrics",)),
    Door("/events", "event", "Events: one, or a list", (schemas.Event,), ("events",)),
)
"""Those without a version are the paths of the integration guide."""


async def accept(
    desk: Desk, records: Records, record: str | None, source: str, origin: str = LIVE, run_id: str | None = None,
) -> Receipt:
    """Hand records to the engine; the receipt comes when they are on disk."""
    return await desk.engine.accept_async(records.good, record=record, source=source, origin=origin, run_id=run_id)


@router.post(
    "/v1/orders/{order_id:path}/status", tags=["send"], summary="An order completed or failed",
    response_model=schemas.Receipt, responses={**_SENDING, 404: {"model": schemas.Error, "description": "No id at all."}},
    openapi_extra={**schemas.body_of(schemas.OrderStatus), "security": OPEN_TO_KEYS},
)
async def order_status(
    request: Request, desk: Annotated[Desk, Depends(sender)],
    order_id: Annotated[str, Path(description="The order's id.", json_schema_extra={"pattern": r"^\S(.*\S)?$"})],
    source: Source = "api",
) -> Response:
    said = await read_object(request, desk.engine.settings.max_body_bytes)
    moved = {**{name: value for name, value in said.items() if name not in ("orderId", "order_id")}, "orderId": order_id}
    return _receipt(await accept(desk, Records([moved]), "status", source), Records([]))


def _receipt(receipt: Receipt, records: Records) -> Response:
    return answer(*receipt_of(receipt, records))


def _way_in(door: Door) -> Callable[..., Awaitable[Response]]:
    async def take(
        request: Request, desk: Annotated[Desk, Depends(sender)], source: Source = "api", origin: Origin = "live",
        run_id: RunId = None,
    ) -> Response:
        engine = desk.engine
        body = await read_body(request, engine.settings.max_body_bytes)
        sort = request.headers.get("content-type", "")
        asked = Asked(body, sort, door.lists, door.record, source, origin, run_id, engine.clock.now())
        if len(body) > LARGE:
            records, receipt = await to_thread.run_sync(engine.submit_body, asked, limiter=desk.threads)
        else:
            records, receipt = engine.submit_body(asked)
        return _receipt(await wrap_future(receipt), records)

    return take


for _door in DOORS:
    router.add_api_route(
        _door.path, _way_in(_door), methods=["POST"], tags=["send" if _door.path.startswith("/v1") else "integration guide"],
        summary=_door.summary, operation_id="send" + _door.path.replace("/", "_"),
        response_model=schemas.Receipt, responses=_SENDING,
        openapi_extra={**schemas.body_of(*_door.models, lists=_door.lists), "security": OPEN_TO_KEYS},
    )
