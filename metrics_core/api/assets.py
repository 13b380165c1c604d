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
THEME = '<link rel="preload" href="./assets/theme.json" as="fetch" crossorigin>'
LETTERS = (
    '<link rel="preload" href="./app/static/fonts/ibm-plex-sans-latin-wght-normal.woff2"'
    ' as="font" type="font/woff2" crossorigin>'
)
PAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "/dashboards": (("board/board.js", "board/pill.js", "board/instant.js"), (THEME, LETTERS)),
    "/": (("top.js", "pill.js", "period.js"), (LETTERS,)),
}
"""By the end of a page's path, the modules it begins with, and what else its first figures need: the charts' library is
fetched once they stand there."""
_FRAME = b'src="./static/js/'
"""What tells Streamlit's document from others."""
_WHERE = (
    b"<script>window.__streamlit={BACKEND_BASE_URL:new URL('.',document.baseURI).href,"
    b"HOST_CONFIG:{allowedOrigins:[location.origin],useExternalAuthToken:false}}</script>"
)
"""Streamlit's front end would look for its server below the page first, wait, and look again; and ask it who may embed the
page before it opens its socket."""
_OTHER_LETTERS = re.compile(rb"""<link\s+rel="preload"[^>]*\bas="font"[^>]*>\s*""")
"""A font that no page here is set in."""
_IN_PART = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
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


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


class Ahead:
    """Says with a page what its frame would find out one after the other: which files it will need, where its server is, and
    how what Streamlit draws around a dashboard looks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._links = {page: "".join(links(*needs)).encode() for page, needs in PAGES.items()}
        style, away = (_read(ASSETS / name) for name in ("board/page.css", "away.js"))
        self._head = _WHERE + b"<style>%s</style><script>%s</script>" % (style, away)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        whole = {**scope, "headers": [header for header in scope["headers"] if header[0] not in _IN_PART]}
        started: Message | None = None
        body = b""

        async def told(message: Message) -> None:
            nonlocal started, body
            if message["type"] == "http.response.start" and _is_page(message):
                started = message
                return
            if started is not None:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                body = self._told(body, MutableHeaders(scope=started), scope["path"])
                await send(started)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self._app(whole, receive, told)

    def _told(self, body: bytes, headers: MutableHeaders, path: str) -> bytes:
        if _FRAME not in body:
            return body
        needed = next((links for page, links in self._links.items() if path.endswith(page)), b"")
        body = _OTHER_LETTERS.sub(b"", body).replace(b"</head>", self._head + needed + b"</head>", 1)
        headers["content-length"] = str(len(body))
        # What its file says of itself is not true of this any more.
        del headers["etag"], headers["last-modified"]
        return body


def _is_page(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def links(first: Sequence[str], others: Sequence[str]) -> list[str]:
    """What a page names behind the files of its frame; nothing where the doors are served without the pages."""
    if not ASSETS.is_dir():
        return []
    return [*(f'<link rel="modulepreload" href="./assets/{name}">' for name in modules_of(first)), *others]


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
