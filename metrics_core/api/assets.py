"""The pages' own files: compressed once, and named to the browser ahead of the page that will ask for them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from os import PathLike, stat_result
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = Path(__file__).parents[2] / "assets"
THEME = "<assets/theme.json>; rel=preload; as=fetch; crossorigin"
CHARTS = "<assets/vendor/plotly/plotly-cartesian.min.js>; rel=preload; as=script; fetchpriority=low"
PAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "/dashboards": (("board/board.js", "board/pill.js", "board/instant.js"), (THEME, CHARTS)),
    "/": (("top.js", "pill.js", "period.js"), ()),
}
"""By the end of a page's path, the modules it begins with, and what else it needs, the least urgent last."""
_COMPRESSED = {".js", ".css", ".json", ".html", ".svg"}
_SMALL = 500
_IMPORTS = re.compile(r"""(?:\bfrom|\bimport)\s*["'](\.[^"']+)["']""")


class Assets(StaticFiles):
    """Files that a browser asks for again each time, and gets only when they changed."""

    def __init__(self, directory: Path = ASSETS) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._kept: dict[tuple[str, float], bytes] = {}

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        if not isinstance(response, FileResponse) or not _wants(Headers(scope=scope), str(full_path), stat_result.st_size):
            return response
        headers = {name: response.headers[name] for name in ("cache-control", "etag", "last-modified")}
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(self._compressed(str(full_path), stat_result), status_code, headers, response.media_type)

    def _compressed(self, path: str, found: stat_result) -> bytes:
        key = (path, found.st_mtime)
        if key not in self._kept:
            self._kept[key] = gzip.compress(Path(path).read_bytes(), 6)
        return self._kept[key]


def _wants(headers: Headers, path: str, size: int) -> bool:
    plain = "range" in headers or "gzip" not in headers.get("accept-encoding", "")
    return not plain and size >= _SMALL and Path(path).suffix in _COMPRESSED


class Ahead:
    """Says with a page which files it will need, so that they come while those of the page's own frame do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._links = {page: ", ".join(links(*needs)) for page, needs in PAGES.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        needed = next((told for page, told in self._links.items() if path.endswith(page)), "")
        if not needed:
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", needed)
            await send(message)

        await self._app(scope, receive, told)


def links(first: Sequence[str], others: Sequence[str]) -> list[str]:
    """What the `Link` header of a page names; nothing where the doors are served without the pages."""
    if not ASSETS.is_dir():
        return []
    return [*(f"<assets/{name}>; rel=modulepreload" for name in modules_of(first)), *others]


def modules_of(first: Iterable[str]) -> list[str]:
    """Modules and all that they import, nearest first."""
    found: dict[str, Any] = dict.fromkeys(first)
    waiting = list(found)
    while waiting:
        name = waiting.pop(0)
        for imported in _IMPORTS.findall((ASSETS / name).read_text(encoding="utf-8")):
            there = ((ASSETS / name).parent / imported).resolve().relative_to(ASSETS.resolve()).as_posix()
            if there not in found:
                found[there] = None
                waiting.append(there)
    return list(found)
