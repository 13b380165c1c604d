"""Doors for administrators: the people there are, the keys of programs, and the audit log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from metrics_core.access.audit import MOST, Entry
from metrics_core.access.filters import filters_body
from metrics_core.access.keys import Key
from metrics_core.access.people import Person, address
from metrics_core.access.roles import ROLES
from metrics_core.api import board_shapes as shapes
from metrics_core.api.callers import Caller, changer, may
from metrics_core.api.events import OPEN_TO_KEYS
from metrics_core.api.faults import answer
from metrics_core.engine import Engine
from metrics_core.errors import BadRequestError
from metrics_core.model.access import Principal, Role
from metrics_core.model.instant import Instant, iso
from metrics_core.reads.names import known

router = APIRouter(tags=["people"])

Administrator = Annotated[Caller, Depends(may("people"))]
Changing = Annotated[Caller, Depends(changer)]
Email = Annotated[str, Path(description="The e-mail address somebody signs in with.", json_schema_extra={
    "pattern": r"^[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{1,60}$"})]  # fmt: skip
KeyId = Annotated[str, Path(description="The id of a key, as the list tells it.", json_schema_extra=shapes.ID)]
_PLACE = re.compile(r"\d{16,20}-[0-9a-f]{6}")
_LATEST: Instant = 2**52


# --------------------------------------------------------------------------------------------------------------- shapes


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SavePerson(_Body):
    """What somebody may do and see. What is left out stays as it is; without a role, what signing in says holds."""

    role: str | None = Field(None, description=f"One of {', '.join(ROLES)}; null takes the role that was given away.")
    filters: dict[str, list[str | None]] | None = Field(
        None, description='Values by dimension, like {"region": ["Europe"]}; {} is everything.'
    )
    active: bool | None = Field(None, description="false shuts somebody out, and keeps who they are.")
    name: str | None = None
    expecting: int | None = Field(None, ge=0, description="The version that was read; 0 for somebody new.")


class NewKey(_Body):
    """A key for a program."""

    label: str = Field(description="Which program shows it.")
    role: str | None = Field(None, description="What it reads as; without one it reads nothing.")
    sends: bool = Field(False, description="It may send records.")
    filters: dict[str, list[str | None]] | None = None
    days: float | None = Field(None, description="How long it lasts; without it, until it is ended.")


class OnePerson(BaseModel):
    email: str
    name: str
    role: str | None = Field(description="The role that holds; null while nobody gave them one.")
    given: str | None = Field(description="The role an administrator gave.")
    claimed: str | None = Field(description="The role that signing in said.")
    filters: dict[str, list[str | None]] = Field(description="The part of the data that is theirs; {} is everything.")
    active: bool
    appointed: bool = Field(description="An administrator by the setting ADMIN_EMAILS, which only it can change.")
    seen_at: str | None
    version: int


class PeopleThere(BaseModel):
    people: list[OnePerson]


class OneKey(BaseModel):
    id: str
    label: str
    role: str | None
    sends: bool
    filters: dict[str, list[str | None]]
    made_by: str
    made_at: str
    ends_at: str | None
    revoked_at: str | None


class KeysThere(BaseModel):
    keys: list[OneKey]


class MadeKey(BaseModel):
    """A new key. Its word is told here and nowhere else."""

    key: OneKey
    word: str


class AuditEntry(BaseModel):
    id: str
    at: str
    who: str
    label: str
    did: str
    what: str
    before: str
    after: str


class AuditThere(BaseModel):
    entries: list[AuditEntry]
    more: bool = Field(description="There are older ones: ask again with `before`, the id of the last.")


# ---------------------------------------------------------------------------------------------------------------- doors


@router.get("/v1/people", summary="Everybody, those without a role first", response_model=PeopleThere,
            responses=shapes.answers())
async def people(called: Administrator) -> Response:
    return answer(await called.run(lambda engine, _: {"people": [_person(row) for row in engine.people.all()]}))


@router.put("/v1/people/{email}", summary="Add somebody, or change what they may do and see", response_model=OnePerson,
            responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(SavePerson, changes=True))
async def keep(email: Email, request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, SavePerson)

    def kept(engine: Engine, who: Principal) -> dict[str, Any]:
        given = said.model_fields_set
        before = next((row for row in engine.people.all() if row.email == address(email)), None)
        active = (before is None or before.active) if said.active is None else said.active
        role = _role(said.role) if "role" in given else None if before is None else before.given
        return _person(engine.people.keep(
            email, who, role=role, filters=said.filters, active=active, name=said.name, expecting=said.expecting,
        ))  # fmt: skip

    return answer(await called.run(kept))


@router.delete("/v1/people/{email}", summary="Forget somebody", status_code=204, response_class=Response,
               responses=shapes.answers(409, 429), openapi_extra={"security": OPEN_TO_KEYS})
async def remove(email: Email, called: Changing) -> Response:
    await called.run(lambda engine, who: engine.people.remove(email, who))
    return Response(status_code=204)


@router.get("/v1/keys", summary="Every key there was, the newest first", response_model=KeysThere,
            responses=shapes.answers())
async def keys(called: Administrator) -> Response:
    return answer(await called.run(lambda engine, _: {"keys": [_key(row) for row in engine.keys.all()]}))


@router.post("/v1/keys", summary="Make a key for a program", response_model=MadeKey, status_code=201,
             responses=shapes.answers(*shapes.WRITES), openapi_extra=shapes.takes(NewKey, changes=True))
async def make(request: Request, called: Changing) -> Response:
    said = await shapes.read(request, called.desk, NewKey)

    def made(engine: Engine, who: Principal) -> dict[str, Any]:
        key, word = engine.keys.make(
            said.label, who, role=_role(said.role), sends=said.sends, filters=said.filters, days=said.days
        )
        return {"key": _key(key), "word": word}

    return answer(await called.run(made), 201, headers={"Cache-Control": "no-store"})


@router.delete("/v1/keys/{key}", summary="End a key now", response_model=OneKey, responses=shapes.answers(429),
               openapi_extra={"security": OPEN_TO_KEYS})
async def end(key: KeyId, called: Changing) -> Response:
    return answer(await called.run(lambda engine, who: _key(engine.keys.revoke(key, who))))


@router.get("/v1/audit", summary="Who did what to what, the newest first", response_model=AuditThere,
            responses=shapes.answers())
async def audit(
    called: Administrator,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    search: Annotated[str, Query(max_length=200, description="Words that must all be in an entry.")] = "",
    did: Annotated[str, Query(max_length=60, description="What its name begins with: `key`, `dashboard.save`.")] = "",
    before: Annotated[str | None, Query(description="The id of the last entry that was read.")] = None,
) -> Response:
    if before is not None and not (_PLACE.fullmatch(before) and int(before.partition("-")[0]) < _LATEST):
        msg = f"`before` is {before[:40]!r}, which is no entry. Give the `id` of the last one that was read."
        raise BadRequestError(msg)

    def found(engine: Engine, _: Principal) -> dict[str, Any]:
        entries, more = engine.audit.newest(limit, search=search, did=did, before=before)
        return {"entries": [_entry(row) for row in entries], "more": more}

    return answer(await called.run(found))


# ---------------------------------------------------------------------------------------------------------------- parts


def _role(name: str | None) -> Role | None:
    return None if name is None else ROLES[known("role", name, ROLES)]


def _named(role: Role | None) -> str | None:
    return None if role is None else role.name.lower()


def _time(at: Instant | None) -> str | None:
    return None if at is None else iso(at)


def _person(row: Person) -> dict[str, Any]:
    return {
        "email": row.email, "name": row.name, "role": _named(row.role), "given": _named(row.given),
        "claimed": _named(row.claimed), "filters": filters_body(row.filters), "active": row.active or row.appointed,
        "appointed": row.appointed, "seen_at": _time(row.seen_at), "version": row.version,
    }  # fmt: skip


def _key(row: Key) -> dict[str, Any]:
    return {
        "id": row.id, "label": row.label, "role": _named(row.role), "sends": row.sends,
        "filters": filters_body(row.filters), "made_by": row.made_by, "made_at": iso(row.made_at),
        "ends_at": _time(row.ends_at), "revoked_at": _time(row.revoked_at),
    }  # fmt: skip


def _entry(row: Entry) -> Mapping[str, Any]:
    return {
        "id": row.id, "at": iso(row.at), "who": row.who, "label": row.label, "did": row.did, "what": row.what,
        "before": row.before, "after": row.after,
    }  # fmt: skip
