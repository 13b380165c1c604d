"""Logs: one JSON object a line, our loggers only, and an accident can be found by its reference."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from metrics_core.api.faults import accident
from metrics_core.logs import log, set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    ours = logging.getLogger("metrics_core")
    handlers, level = ours.handlers[:], ours.level
    yield
    ours.handlers[:] = handlers
    ours.setLevel(level)


def test_a_line_is_a_json_object_with_its_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(readable=False)
    log("metrics_core.ingest.writer").info("committed", records=3)
    logging.getLogger("metrics_core.store").warning("slow: %s s", 2)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["records"], first["level"]) == ("committed", 3, "info")
    assert first["at"].endswith("Z")
    assert (second["event"], second["logger"]) == ("slow: 2 s", "metrics_core.store")


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("WARNING", readable=True)
    log("metrics_core.api").info("quiet")
    log("metrics_core.api").warning("loud")
    written = capsys.readouterr().err
    assert "loud" in written
    assert "quiet" not in written


def test_an_accident_is_logged_in_full_and_told_by_its_reference_only(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(readable=False)
    reference, body = accident(ZeroDivisionError("the secret inside"), "request")
    line = json.loads(capsys.readouterr().err)
    assert line["reference"] == reference == body["error"]["reference"]
    assert "the secret inside" in line["exception"]
    assert "secret" not in json.dumps(body)
