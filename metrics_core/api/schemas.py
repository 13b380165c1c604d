"""The shapes of requests and answers as the API page describes them; what is checked is checked at admission."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

Time = Annotated[
    str | float,
    Field(description="ISO 8601 with an offset, or epoch seconds or milliseconds. Left out: the time of arrival."),
]
Money = Annotated[str | float, Field(description="Major units, as a number or as text: 250.00.")]
Name = Annotated[str | int, Field(description="An id, as text or as a whole number.")]


class Sent(BaseModel):
    """Names are taken in camelCase and in snake_case; what else is sent is kept beside the record."""

    model_config = ConfigDict(extra="allow")


class Line(Sent):
    productId: Name
    quantity: int = Field(ge=0)
    revenue: Money


class Order(Sent):
    """Somebody bought something. Without a status it is completed."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{
        "orderId": "58214", "userId": "u-3017", "ts": "2026-11-19T14:32:05+01:00", "status": "completed",
        "channel": "online", "region": "Europe", "lines": [{"productId": "P-12", "quantity": 2, "revenue": 128.40}],
    }]})
    orderId: Name
    userId: Name | None = None
    ts: Time | None = None
    status: Literal["pending", "completed", "failed"] | None = None
    channel: str | None = None
    region: str | None = None
    staffId: Name | None = None
    contentId: Name | None = None
    segment: str | None = None
    company: str | None = None
    currency: str | None = None
    lines: list[Line] = Field(min_length=1, max_length=1_000)
    id: Name | None = Field(None, description="Sending a record again with the same id changes nothing.")


class Sale(Sent):
    """One product sold: becomes an order of one line."""

    productId: Name
    quantity: int = Field(ge=0)
    revenue: Money
    channel: str | None = None
    region: str | None = None
    date: Time | None = None
    userId: Name | None = None
    id: Name | None = None


class OrderStatus(Sent):
    """An order moved on."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"status": "completed"}]})
    status: Literal["completed", "failed"]
    ts: Time | None = None
    id: Name | None = None


class OrderMoved(OrderStatus):
    """An order moved on, with the order it is about."""

    orderId: Name


class Refund(Sent):
    """Money went back."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [
        {"refundId": "R-71", "orderId": "58214", "amount": 20.00},
    ]})
    refundId: Name
    orderId: Name
    amount: Money
    ts: Time | None = None
    currency: str | None = None
    id: Name | None = None


class Event(Sent):
    """Something happened."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [
        {"type": "content_view", "userId": "u-3017", "contentId": "guide-7", "count": 1},
    ]})
    type: str = Field(min_length=1)
    userId: Name | None = None
    sessionId: Name | None = None
    contentId: Name | None = None
    feature: str | None = None
    count: int | None = Field(None, ge=0)
    properties: dict[str, Any] | None = None
    ts: Time | None = None
    channel: str | None = None
    region: str | None = None
    company: str | None = None
    id: Name | None = None


class Activity(Sent):
    """What one user is doing now. Also taken: user_id, name, session_time_minutes, pages_viewed, current_feature,
    features_accessed, is_currently_active, last_action_timestamp."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{
        "userId": "user123", "userName": "John Doe", "email": "john@company.com", "company": "Acme Corp",
        "sessionDuration": 25, "pageViews": 42, "activeFeature": "Revenue", "isActive": True,
        "lastAction": "Viewed revenue report",
    }], "anyOf": [{"required": ["userId"]}, {"required": ["user_id"]}]})
    userId: Name | None = None
    user_id: Name | None = None
    userName: str | None = None
    email: str | None = None
    company: str | None = None
    timestamp: Time | None = None
    sessionDuration: float | None = None
    pageViews: float | None = None
    clickCount: float | None = None
    scrollDepth: float | None = None
    featuresUsed: list[str] | None = None
    activeFeature: str | None = None
    featureTime: dict[str, float] | None = None
    eventsTriggered: float | None = None
    queriesRun: float | None = None
    reportsCreated: float | None = None
    dashboardsViewed: float | None = None
    isActive: bool | None = None
    lastAction: str | None = None
    lastActionTime: Time | None = None


class Refused(BaseModel):
    """One record that was kept out: where it stood in the request, the step that refused it, and why."""

    index: int
    id: str | None
    step: str
    field: str | None
    reason: str
    retryable: bool = Field(False, description="Sending it again later may succeed: its order was not known yet.")


class Receipt(BaseModel):
    """Every record is counted once: accepted, there already, or refused. What is accepted is on disk."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"accepted": 1, "duplicates": 0, "refused": []}]})
    accepted: int
    duplicates: int
    refused: list[Refused]


class Fault(BaseModel):
    code: str = Field(description="A word for programs.")
    message: str = Field(description="What is wrong and what to do, for people.")
    field: str | None = None
    retryAfter: int | None = Field(None, description="Seconds after which to try again; also in the Retry-After header.")
    reference: str | None = Field(None, description="Where the log of the server says more.")


class Error(BaseModel):
    """The shape of every error."""

    error: Fault


class Span(BaseModel):
    start: str
    end: str


class Range(BaseModel):
    start: str | float
    end: str | float | None = None


class Question(BaseModel):
    """A question about figures."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"measures": ["revenue", "orders"], "over": "7d", "by": ["channel"], "grain": "day", "zone": "Europe/Berlin"},
    ]})
    measures: list[str] = Field(description="Names from GET /api/v1/measures.")
    over: str | Range = Field(description="A period (current, 1h, 24h, 7d, 30d, today, week, month, all_time) or "
                              "{start, end}, half-open; without an end until now.")
    by: list[str] | None = Field(None, description="Dimensions to split by.")
    grain: Literal["minute", "hour", "day", "week", "month"] | None = None
    where: dict[str, Any] | list[dict[str, Any]] | None = Field(
        None, description='{"channel": "online", "region": ["Europe", "Asia"], "kind": {"not": ["refund"]}}, or a list of '
        '{"dimension", "op": "=", "!=", "in" or "not in", "value" or "values"}.',
    )
    compare: bool | Literal["previous"] | Range | None = Field(
        None, description='true or "previous" for the fair window before, or {start, end}.',
    )
    zone: str | None = Field(None, description="The zone whose midnights cut the days; the reporting zone when left out.")
    origin: str | None = Field(None, description='"real" (the default), "all", or one of live, sim, demo, import.')
    order_by: str | list[str | dict[str, Any]] | None = Field(None, description='A column, "-" before it for descending.')
    limit: int | None = Field(None, ge=1)


class Compared(BaseModel):
    columns: list[str]
    rows: list[list[str | float | None]]
    window: Span
    note: str | None = None


class Answer(BaseModel):
    """Columns: `start` (with a grain), the dimensions of `by`, the measures, in that order. Money is in major units."""

    columns: list[str]
    rows: list[list[str | float | None]]
    window: Span
    as_of: str
    compared: Compared | None
    origin: dict[str, Any] | None = None


class Stamp(BaseModel):
    """Which snapshot it is, of which moment, of which data."""

    seq: int
    asOf: str
    dataThrough: str | None
    computedAt: str


class Revenue(BaseModel):
    total: float
    today: float
    thisWeek: float
    thisMonth: float


class ActiveUsers(BaseModel):
    current: int
    today: int
    peak24h: int


class Transactions(BaseModel):
    total: int
    pending: int
    completed: int
    failed: int


class Content(BaseModel):
    totalViews: int
    totalPurchases: int
    conversionRate: float | None


class RealtimeMetrics(BaseModel):
    """The figures of now. Transactions and content are of today."""

    revenue: Revenue
    activeUsers: ActiveUsers
    transactions: Transactions
    content: Content
    timestamp: str
    snapshot: Stamp


class Snapshot(BaseModel):
    """Every figure over every period at one moment, each with its comparison."""

    model_config = ConfigDict(extra="allow")
    snapshot: Stamp
    revenue: Revenue
    periods: dict[str, Any]


class Registry(BaseModel):
    measures: list[dict[str, Any]]
    dimensions: list[dict[str, Any]]
    periods: list[str]
    grains: list[str]


class Users(BaseModel):
    """The latest of every live user."""

    metrics: list[dict[str, Any]]
    events: list[dict[str, Any]]


class Report(BaseModel):
    status: Literal["ok", "degraded", "down"]
    parts: dict[str, Any]
    counts: dict[str, Any]


_SENT: tuple[type[BaseModel], ...] = (Order, Sale, OrderStatus, OrderMoved, Refund, Event, Activity, Question)


def components() -> dict[str, Any]:
    """The schemas of what is sent, by name; those of answers FastAPI adds by itself."""
    _, schema = models_json_schema([(model, "validation") for model in _SENT], ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = schema["$defs"]
    return found


def body_of(*models: type[BaseModel], lists: tuple[str, ...] = (), lines: bool = True) -> dict[str, Any]:
    """The description of a body: one of these models, a list of them, an object that holds a list, or lines of JSON."""
    refs = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    one: dict[str, Any] = refs[0] if len(refs) == 1 else {"anyOf": refs}
    many: list[dict[str, Any]] = []
    if lists:
        listed = {"type": "array", "items": one}
        many = [listed, *({"type": "object", "properties": {name: listed}, "required": [name]} for name in lists)]
    content: dict[str, Any] = {"application/json": {"schema": {"anyOf": [one, *many]} if many else one}}
    if lists and lines:
        content["application/x-ndjson"] = {"schema": {"type": "string", "description": "One record on each line."}}
    return {"requestBody": {"required": True, "content": content}}
