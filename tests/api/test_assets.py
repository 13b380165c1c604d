"""The pages' own files: compressed once, sent again only when they changed, and whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from metrics_core.api.assets import ASSETS, Ahead, Assets, modules_of

CHARTS = "/assets/vendor/plotly/plotly-cartesian.min.js"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=[Mount("/assets", app=Assets())]))


def test_a_file_is_compressed_for_whoever_takes_it_so_and_is_the_same(client: TestClient) -> None:
    small = client.get(CHARTS, headers={"Accept-Encoding": "gzip"})
    whole = client.get(CHARTS, headers={"Accept-Encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(whole.content) / 2
    assert "content-encoding" not in whole.headers
    assert small.content == whole.content == (ASSETS / "vendor/plotly/plotly-cartesian.min.js").read_bytes()


def test_a_file_that_did_not_change_is_not_sent_again(client: TestClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    etag = client.get(CHARTS, headers=headers).headers["etag"]
    again = client.get(CHARTS, headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_that_changed_is_sent_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "a.js"
    client = TestClient(Starlette(routes=[Mount("/assets", app=Assets(tmp_path))]))
    for words in ("first " * 200, "second " * 300):
        file.write_text(words)
        assert client.get("/assets/a.js", headers={"Accept-Encoding": "gzip"}).text == words


def test_nothing_outside_the_folder_is_a_file_of_it(client: TestClient) -> None:
    assert client.get("/assets/%2e%2e/app.py").status_code == 404


def test_a_module_brings_what_it_imports_and_nothing_twice() -> None:
    found = modules_of(["board/board.js"])
    assert found[0] == "board/board.js"
    assert {"board/tile.js", "dom.js", "board/spark.js"} < set(found)
    assert len(found) == len(set(found))
    assert all((ASSETS / name).is_file() for name in found)


# ------------------------------------------------------------------------------------------- what a page is told ahead

FRAME = """<html><head><link
  rel="preload" href="./static/media/Other.woff2" as="font" crossorigin /><title>Streamlit</title>
<script type="module" src="./static/js/index.js"></script></head><body></body></html>"""
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def served(document: str) -> TestClient:
    """A house where every page is this document, sent with the tag of its file."""

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(document, headers={"ETag": '"1"', "Seen": request.headers.get("if-none-match", "")})

    return TestClient(Starlette(routes=[Route("/{path:path}", page)], middleware=[Middleware(Ahead)]))


def test_a_page_says_where_its_server_is_and_names_its_files() -> None:
    answer = served(FRAME).get("/dashboards", headers=BROWSER)
    assert "BACKEND_BASE_URL:new URL('.',document.baseURI)" in answer.text
    assert answer.text.index("__streamlit") < answer.text.index("</head>")
    assert answer.headers["content-length"] == str(len(answer.content))
    named = answer.text.index('<link rel="modulepreload" href="./assets/board/board.js">')
    assert answer.text.index("./static/js/index.js") < named < answer.text.index("</head>")


def test_the_charts_library_is_not_named_ahead_and_a_font_of_others_is_not_fetched() -> None:
    answer = served(FRAME).get("/dashboards", headers=BROWSER)
    assert "vendor/plotly" not in answer.text
    (font,) = re.findall(r"\./app/(static/fonts/[^\"]+)", answer.text)
    assert (ASSETS.parent / font).is_file()
    assert "Other.woff2" not in answer.text


def test_a_page_is_never_the_one_of_an_older_version() -> None:
    answer = served(FRAME).get("/", headers={**BROWSER, "If-None-Match": '"1"'})
    assert (answer.status_code, answer.headers["seen"]) == (200, "")
    assert "etag" not in answer.headers


def test_a_document_that_is_none_of_the_pages_stays_as_it_is() -> None:
    document = "<html><head></head><body>The documents of the API</body></html>"
    answer = served(document).get("/api/docs", headers=BROWSER)
    assert (answer.text, answer.headers["etag"]) == (document, '"1"')
