"""The live doors: the socket `/ws/metrics` and the event stream, with the same messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from metrics_core.access.roles import require
from metrics_core.api.callers import Caller, may
from metrics_core.api.desk import Desk, knock_of, principal_of
from metrics_core.api.events import accept
from metrics_core.api.faults import accident, body_of, error_body
from metrics_core.api.shapes import receipt_of
from metrics_core.errors import BusyError, NotAllowedError, PulseboardError
from metrics_core.feed.hub import Subscription
from metrics_core.feed.message import channel_of, encode, topics_of, view_of
from metrics_core.ingest.records import Records
from metrics_core.logs import log
from metrics_core.model.access import Principal

LARGEST_MESSAGE = 1024 * 1024

POLICY, TOO_LARGE, FAILED, RESTART, TRY_LATER = 1008, 1009, 1011, 1012, 1013
"""Why a socket is closed, as RFC 6455 numbers it."""

ASKED_AGAIN = 2.0
"""Seconds after which it is looked up again who listens: who is shut out, or sees less, is let go so soon."""

router = APIRouter()


# Not on the API page, whose visitors, people and programs, read an answer to its end: this one has none.
@router.get("/v1/stream", response_class=StreamingResponse, include_in_schema=False)
async def stream(
    called: Annotated[Caller, Depends(may("look"))], topics: str = "metrics", origin: str = "real",
    limit: Annotated[int | None, Query(ge=1)] = None,
) -> StreamingResponse:
    """The live messages as an event stream; with a limit, so many of them."""
    wanted, view = topics_of(topics), view_of(origin)
    called.desk.hub.has_room()
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_frames(called, wanted, view, limit), media_type="text/event-stream", headers=headers)


async def socket(ws: WebSocket, desk: Desk) -> None:
    """One socket from opening to closing: the newest at once, then every change; what the client sends is answered."""
    knock = knock_of(ws)
    try:
        desk.guard.may_connect(knock)
        who = await principal_of(desk, ws)
        require(who, "look")
    except PulseboardError as error:
        log(__name__).warning("socket refused", client=knock.client, origin=knock.origin, why=str(error))
        await ws.close(POLICY)  # before it is accepted: the client sees 403
        return
    await ws.accept()
    try:
        view = view_of(ws.query_params.get("origin"))
        topics = topics_of(ws.query_params.get("topics"))
        line = desk.hub.subscribe(topics, channel_of(view, who.filters), door="socket")
    except PulseboardError as error:
        await _say(ws, _error(error))
        await ws.close(TRY_LATER if isinstance(error, BusyError) else POLICY, str(error)[:120])
        return
    with line:
        pump: asyncio.Task[None] | None = None
        try:
            await _first(ws, Caller(desk, who), line, view)
            pump = asyncio.create_task(_pump(ws, _Held(desk, who), line))
            await _listen(ws, desk)
        except Exception as error:
            await _broken(ws, error)
        finally:
            if pump is not None:
                pump.cancel()


class _Held:
    """Whoever listens, as long as they may, and see what they saw when they came."""

    def __init__(self, desk: Desk, who: Principal) -> None:
        self._reception = desk.engine.reception
        self._who = who
        self._loop = desk.hub.loop
        self._asked_at = self._loop.time()

    async def check(self) -> None:
        """NotAllowedError where they may listen no more, or to something else."""
        # The nameless are who they are as long as the server stands as it does.
        if "@" not in self._who.name and ":" not in self._who.name:
            return
        if self._loop.time() - self._asked_at < ASKED_AGAIN:
            return
        now = await to_thread.run_sync(self._reception.named, self._who.name)
        require(now, "look")
        if now.filters != self._who.filters:
            msg = "What you may see has changed. Connect again."
            raise NotAllowedError(msg)
        self._asked_at = self._loop.time()


async def _first(ws: WebSocket, called: Caller, line: Subscription, view: str) -> None:
    try:
        await _fill(called, line, view)
    except PulseboardError as error:
        await _say(ws, _error(error))
    while (message := line.at_hand()) is not None:
        await ws.send({"type": "websocket.send", "text": message.text})


async def _pump(ws: WebSocket, held: _Held, line: Subscription) -> None:
    try:
        while (message := await line.next()) is not None:
            await held.check()
            await ws.send({"type": "websocket.send", "text": message.text})
        await ws.close(RESTART, "The server is stopping.")
    except PulseboardError as error:
        await ws.close(POLICY, str(error)[:120])
    except Exception as error:
        await _broken(ws, error)


async def _listen(ws: WebSocket, desk: Desk) -> None:
    while True:
        received = await ws.receive()
        if received["type"] == "websocket.disconnect":
            return
        said: str | bytes = received.get("text") or received.get("bytes") or b""
        if len(said) > LARGEST_MESSAGE or (isinstance(said, str) and len(said.encode()) > LARGEST_MESSAGE):
            await ws.close(TOO_LARGE, f"A message may have {LARGEST_MESSAGE} bytes.")
            return
        await _say(ws, await _reply(ws, desk, said))


async def _reply(ws: WebSocket, desk: Desk, said: str | bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(said)
    except orjson.JSONDecodeError as error:
        return {"type": "error", **error_body("malformed", f"The message is not JSON: {error.msg}.")}
    kind = message.get("type") if isinstance(message, dict) else None
    if kind == "ping":
        return {"type": "pong"}
    name = _SENDS.get(kind) if isinstance(kind, str) else None
    if name is None:
        what = f"Messages are {', '.join(('ping', *_SENDS))}, as an object with a type; there is none of that type."
        return {"type": "error", **error_body("unknown_name", what)}
    given = message.get(name)
    records = Records(given if isinstance(given, list) else [] if given is None else [given])
    try:
        desk.counts(await principal_of(desk, ws, desk.engine.reception.sender), ws)
        receipt = await accept(desk, records, "activity", "websocket")
    except PulseboardError as error:
        return _error(error)
    except Exception as error:
        return {"type": "error", **accident(error, "socket")[1]}
    return {"type": "receipt", **receipt_of(receipt, records)[0]}


_SENDS = {"user_metric": "metric", "bulk_metrics": "metrics"}
"""What a client may send, and where in the message its records are."""


async def _frames(called: Caller, topics: tuple[str, ...], view: str, limit: int | None) -> AsyncIterator[bytes]:
    desk, who = called
    held = _Held(desk, who)
    yield b"retry: 1000\n\n"
    # Subscribed in here: a client that leaves before its first byte never gets this far, and leaves nothing behind.
    with desk.hub.subscribe(topics, channel_of(view, who.filters), door="stream") as line:
        try:
            await _fill(called, line, view)
        except PulseboardError as error:
            yield _framed(error)
        sent = 0
        while (limit is None or sent < limit) and (message := await line.next()) is not None:
            try:
                await held.check()
            except PulseboardError as error:
                yield _framed(error)
                return
            sent += 1
            yield message.frame


async def _fill(called: Caller, line: Subscription, view: str) -> None:
    """See that each of the reader's topics has a message."""
    desk, who = called
    for topic in line.topics:
        async def make(topic: str = topic) -> bytes:
            return await to_thread.run_sync(lambda: encode(topic, desk.engine.message(topic, view, who)))

        await desk.hub.fill(topic, channel_of(view, who.filters), make)


def _framed(error: PulseboardError) -> bytes:
    return b"data: " + orjson.dumps(_error(error)) + b"\n\n"


async def _say(ws: WebSocket, message: dict[str, Any]) -> None:
    await ws.send({"type": "websocket.send", "text": orjson.dumps(message).decode()})


async def _broken(ws: WebSocket, error: Exception) -> None:
    """End a socket after an error; most say no more than that the client has left."""
    left = WebSocketState.DISCONNECTED
    if isinstance(error, WebSocketDisconnect) or left in (ws.client_state, ws.application_state):
        return
    accident(error, "socket")
    await ws.close(FAILED, "Something went wrong on our side.")


def _error(error: PulseboardError) -> dict[str, Any]:
    return {"type": "error", **body_of(error)}
