"""A running server, for commands that send to it over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx2
import orjson

from metrics_core.errors import BusyError, NotAllowedError, StoreAwayError
from metrics_core.model.event import Receipt, Refusal

_PATH = "/api/v1/ingest"


class Server:
    """Sends records; raises what the engine would raise where the server does not take them."""

    def __init__(self, url: str, key: str | None = None) -> None:
        base = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
        headers = {"content-type": "application/json"}
        if key:
            headers["x-api-key"] = key
        self._url = base
        self._client = httpx2.Client(base_url=base, headers=headers, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def accept(self, records: Sequence[dict[str, Any]], /, *, source: str, origin: str, run_id: str | None) -> Receipt:
        """One request; the receipt says what became of each record."""
        params = {"source": source, "origin": origin} | ({"run_id": run_id} if run_id is not None else {})
        try:
            answer = self._client.post(_PATH, params=params, content=orjson.dumps(list(records)))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            msg = f"{self._url} does not answer ({type(error).__name__}). Is the server running there?"
            raise StoreAwayError(msg) from None
        if answer.status_code in (429, 503):
            msg = _sentence(answer) or "The server is busy."
            raise BusyError(msg, retry_after=_seconds(answer.headers.get("retry-after")))
        if answer.status_code in (401, 403):
            msg = _sentence(answer) or "The server wants a key. Give it with --key."
            raise NotAllowedError(msg)
        body = _body(answer)
        if "accepted" not in body:
            msg = _sentence(answer) or f"{self._url} answered {answer.status_code} to {_PATH}; that is no Pulseboard server."
            raise StoreAwayError(msg)
        refused = tuple(
            Refusal(row["index"], row.get("id"), row["step"], row.get("field"), row["reason"], bool(row.get("retryable")))
            for row in body["refused"]
        )
        return Receipt(body["accepted"], body["duplicates"], refused)


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _sentence(answer: httpx2.Response) -> str | None:
    """What the server says is wrong."""
    body = _body(answer)
    for name in ("error", "message", "detail"):
        said = body.get(name)
        if isinstance(said, dict):
            said = said.get("message")
        if isinstance(said, str):
            return said
    return None


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and text.isdigit() else 1
