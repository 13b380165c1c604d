"""What the doors for dashboards take and give, and the errors they may answer with."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metrics_core.api import schemas
from metrics_core.api.bodies import read_object
from metrics_core.api.desk import Desk
from metrics_core.api.events import OPEN_TO_KEYS, REFUSALS
from metrics_core.dashboards.sharing import FREE
from metrics_core.errors import BadRequestError

WRITES = (400, 409, 413, 415, 429)
ASKS = (400, 413, 415)
ID: dict[str, Any] = {"pattern": r"^[A-Za-z0-9_-]{1,64}$"}
"""What ids look like, for the description; anything else is simply not there."""

M = TypeVar("M", bound=BaseModel)


def answers(*also: int) -> dict[int | str, dict[str, Any]]:
    """What these doors may answer besides."""
    own: dict[int | str, dict[str, Any]] = {
        401: {"model": schemas.Error, "description": "The key or ticket is not good."},
        404: {"model": schemas.Error, "description": "There is none, or none for who asks."},
        409: {"model": schemas.Error, "description": "It was saved meanwhile: `saved` says by whom and when."},
        410: {"model": schemas.Error, "description": "The link has ended."},
        422: {"model": schemas.Error, "description": "A name or a value that is not known; the message says which."},
    }
    return {**{status: REFUSALS[status] for status in (403, 500, 503)}, **{status: own[status] for status in (401, 404, 410,
            422)}, **{status: own.get(status) or REFUSALS[status] for status in also}}  # fmt: skip


def takes(model: type[BaseModel], *, changes: bool = False) -> dict[str, Any]:
    """The description of a door that takes one of these; one that changes something may need a key."""
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}
    return {**body, "security": OPEN_TO_KEYS} if changes else body


async def read(request: Request, desk: Desk, model: type[M]) -> M:
    """The body of a request; BadRequestError names what is wrong in it."""
    said = await read_object(request, desk.engine.settings.max_body_bytes)
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "The body"
        message = f"{where}: {first['msg']}."
        raise BadRequestError(message) from None


# ---------------------------------------------------------------------------------------------------------- what comes


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StateOf(_Body):
    """What a viewer chose: as an object, or as the parameters of a link."""

    state: dict[str, Any] | None = Field(None, description='{"period": "7d", "compare": "previous", "zone": null, "origin": '
                                         '"real", "where": {"channel": ["online"]}, "refresh": 10}')  # fmt: skip


class Ask(StateOf):
    """What to draw, and what the caller has already."""

    have: dict[str, str] = Field(default_factory=dict, description="The hash of each drawing at hand, by widget: those that "
                                 "are still the same are left out of the answer.")
    newest: bool = Field(False, description="Not what others got in this refresh interval, but what is newest now.")


class Preview(StateOf):
    widget: dict[str, Any] = Field(description="A widget as a document has it.")


class Document(_Body):
    document: dict[str, Any] = Field(description="A dashboard: title, description, visibility, roles, state, widgets.")


class Save(Document):
    expecting: int = Field(ge=0, description="The version that was read.")


class Restore(_Body):
    version: int = Field(ge=1)
    expecting: int = Field(ge=0, description="The version that was read.")


class Copy(_Body):
    title: str | None = None


class NewShare(StateOf):
    """A link to make."""

    label: str = ""
    days: float | None = Field(None, description="How long it lasts; without it, until it is revoked.")
    password: str | None = None
    free: list[str] = Field(list(FREE), description="Parts of the state the receiver may change.")
    allowed: list[str] = Field([], description="Dimensions the receiver may filter by; all other filters are locked.")
    embed: bool = False
    export: bool = Field(False, description="The receiver may take away what they see as a file.")
    frozen: bool = Field(False, description="Keep what is seen now, and show it beside the figures of later.")


class OpenShare(_Body):
    token: str
    password: str | None = None


class NewPreset(StateOf):
    name: str
    shared: bool = False


class Exported(BaseModel):
    """A dashboard that was exported."""

    model_config = ConfigDict(extra="allow")
    pulseboard: int
    dashboard: dict[str, Any]


# ---------------------------------------------------------------------------------------------------------- what goes


class Listed(BaseModel):
    dashboards: list[dict[str, Any]]


class Told(BaseModel):
    """A dashboard as it is kept, who saved it, and what the caller may do with it."""

    id: str
    version: int
    document: dict[str, Any]
    saved: dict[str, Any] | None
    may: dict[str, bool]
    share: dict[str, Any] | None = None


class Versions(BaseModel):
    versions: list[dict[str, Any]]


class Kinds(BaseModel):
    widgets: list[dict[str, Any]]


class Data(BaseModel):
    """Every widget at one instant. A widget has its `drawing` unless the caller has it, or its `error`."""

    instant: dict[str, Any]
    origin: dict[str, Any]
    stale: dict[str, Any] | None
    version: int
    next: float | None = Field(description="Seconds until the next refresh interval begins.")
    state: dict[str, Any] = Field(description="What is shown: what was asked for, as far as it is allowed.")
    frozen_at: str | None
    widgets: dict[str, dict[str, Any]]


class Drawing(BaseModel):
    hash: str
    drawing: dict[str, Any] | None
    error: dict[str, Any] | None


class Links(BaseModel):
    shares: list[dict[str, Any]]


class Made(BaseModel):
    """A new link. Its token is told here and nowhere else."""

    share: dict[str, Any]
    token: str


class Opened(BaseModel):
    """What a link opens: the dashboard, and a ticket (`X-Ticket`) to ask for its data with."""

    ticket: str
    id: str
    version: int
    document: dict[str, Any]
    share: dict[str, Any]


class Frozen(BaseModel):
    """What the sender saw."""

    instant: dict[str, Any]
    origin: dict[str, Any]
    state: dict[str, Any]
    document: dict[str, Any]
    widgets: dict[str, dict[str, Any]]


class Presets(BaseModel):
    presets: list[dict[str, Any]]
