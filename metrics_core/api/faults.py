"""Errors on their way out: one shape for all of them, and nothing of our inside in any."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metrics_core.errors import (
    BadRequestError,
    BusyError,
    ConflictError,
    EndedError,
    ForbiddenError,
    MalformedError,
    NotAllowedError,
    NotFoundError,
    PasswordNeededError,
    PulseboardError,
    SavedMeanwhileError,
    StoreAwayError,
    TooLargeError,
    TooManyError,
    UnknownNameError,
    UnsupportedError,
)
from metrics_core.health import METERS
from metrics_core.logs import log

CODES: dict[type[PulseboardError], str] = {
    UnknownNameError: "unknown_name",
    BadRequestError: "bad_request",
    MalformedError: "malformed",
    UnsupportedError: "unsupported",
    ConflictError: "conflict",
    NotFoundError: "not_found",
    EndedError: "ended",
    PasswordNeededError: "password_needed",
    NotAllowedError: "key_needed",
    ForbiddenError: "forbidden",
    TooLargeError: "too_large",
    TooManyError: "too_many",
    BusyError: "busy",
    StoreAwayError: "store_away",
    PulseboardError: "failed",
}
"""The code of each error: a word for programs, while the message is a sentence for people."""

_HTTP = {404: "not_found", 405: "wrong_method", 400: "malformed", 413: "too_large"}


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, headers, "application/json")


def error_body(code: str, message: str, **more: Any) -> dict[str, Any]:
    """The one shape of every error."""
    return {"error": {"code": code, "message": message, **more}}


def body_of(error: PulseboardError) -> dict[str, Any]:
    code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    more: dict[str, Any] = {"retryAfter": error.retry_after} if error.retry_after is not None else {}
    if isinstance(error, SavedMeanwhileError):
        more["saved"] = error.saved
    return error_body(code, str(error), **more)


def refusal(error: PulseboardError) -> Response:
    """The answer that carries an error we mean."""
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotAllowedError):
        headers["WWW-Authenticate"] = "Bearer"
    return answer(body_of(error), error.status, headers)


def accident(error: BaseException, where: str) -> tuple[str, dict[str, Any]]:
    """Log an error nobody meant; its reference, and the body that tells no more than that."""
    reference = secrets.token_hex(4)
    METERS.faults.labels(where).inc()
    log(__name__).error("unexpected error", where=where, reference=reference, exc_info=error)
    message = f"Something went wrong on our side. It is in the log of the server under {reference}."
    return reference, error_body("internal", message, reference=reference)


def install(app: FastAPI) -> None:
    """Let an application answer errors in our shape."""
    app.add_exception_handler(PulseboardError, _meant)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


class Faults:
    """Answers what nobody caught with a reference, and counts every answer by its route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            return
        except PulseboardError as error:
            if status:
                raise
            await refusal(error)(scope, receive, noted)
        except Exception as error:
            _, body = accident(error, "request")
            if not status:
                await answer(body, 500)(scope, receive, noted)
        finally:
            METERS.requests.labels(scope["method"], _route(scope), str(status)).inc()


async def _meant(request: Request, error: Exception) -> Response:
    assert isinstance(error, PulseboardError)
    return refusal(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    return answer(error_body("bad_request", f"{field or 'The request'}: {first['msg']}.", field=field), 422)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:200]
    message = {
        404: f"There is nothing at {path}. The API is described at /api/docs.",
        405: f"{path} does not take {request.method}.",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    return answer(error_body(_HTTP.get(error.status_code, "failed"), message), error.status_code, headers)


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path", None) or "other")
