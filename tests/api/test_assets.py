"""The pages' own files: compressed once, sent again only when they changed, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from metrics_core.api.assets import ASSETS, Assets, modules_of

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
