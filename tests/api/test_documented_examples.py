"""The examples of docs/api.md, run as they are written."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


class Call(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


def calls() -> list[Call]:
    """Every curl command of the page; what is piped into one is worked out here."""
    found = []
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL):
        for command in re.split(r"\n\n", block.replace("\\\n", " ").strip()):
            before, _, curl = command.rpartition("curl ")
            found.append(call(shlex.split(curl), shlex.split(before)))
    return found


def call(words: list[str], before: list[str]) -> Call:
    method, headers, body, url = "GET", {"Content-Type": "application/x-www-form-urlencoded"}, None, ""
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word in ("-d", "--data-binary"):
            said = next(rest)
            body = gzip.compress("\n".join(before[2:-3]).encode()) if said == "@-" else said.encode()
        elif word != "-N":
            url = word
    return Call(method, url.removeprefix("http://127.0.0.1:8501"), headers, body)


def test_every_example_of_the_page_works_in_the_order_of_the_page(client: TestClient) -> None:
    examples = calls()
    assert len(examples) >= 12
    for example in examples:
        answer = client.request(example.method, example.url, headers=example.headers, content=example.body)
        assert answer.status_code == 200, f"{example}: {answer.text}"
        if "receipt" not in example.url and example.method == "POST" and "query" not in example.url:
            assert answer.json()["refused"] == []
            assert answer.json()["accepted"] >= 1


def test_every_json_example_of_the_page_is_json() -> None:
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        json.loads(block)


def test_the_page_tells_of_every_door(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    missing = [path for path in paths if f"/api{path}" not in PAGE]
    assert missing == ["/v1/health"]


@pytest.mark.parametrize("code", re.findall(r"^\| \d.*?\| (`.+?`(?:, `.+?`)*) \|", PAGE, re.MULTILINE))
def test_every_code_of_the_page_is_one_that_is_sent(code: str) -> None:
    from metrics_core.api import faults

    sent = {*faults.CODES.values(), "not_found", "wrong_method", "internal"}
    assert set(re.findall(r"`(\w+)`", code)) <= sent
