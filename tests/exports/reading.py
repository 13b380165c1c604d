"""Exports made and read back, and the same asked of the page and of the query API."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.exports.formats import Wish
from metrics_core.model.access import LOCAL, Principal
from tests.exports.conftest import STATE, WIDGETS, document


def saved(engine: Engine, *names: str) -> str:
    return engine.shelf.create(document(names or tuple(WIDGETS)), LOCAL).id


def page(engine: Engine, name: str, who: Principal = LOCAL) -> dict[str, Any]:
    """What somebody who looks has."""
    kept = engine.shelf.read(name, who)
    return engine.boards.data(kept.dashboard, State.of(kept.dashboard.state), who, {"": ""}, name=name)


def drawing(engine: Engine, name: str, widget: str, who: Principal = LOCAL) -> dict[str, Any]:
    found: dict[str, Any] = page(engine, name, who)["widgets"][widget]["drawing"]
    return found


def exported(
    engine: Engine, name: str, format: str, widget: str | None = None, who: Principal = LOCAL, **wish: Any
) -> bytes:
    return engine.export(name, None, Wish(format, widget, **wish), who).content


def lines(engine: Engine, name: str, widget: str, who: Principal = LOCAL) -> list[list[str]]:
    text = exported(engine, name, "csv", widget, who, plain=True).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def about(engine: Engine, name: str, widget: str) -> dict[str, str]:
    """What a CSV says of itself, in its lines that begin with #."""
    text = exported(engine, name, "csv", widget).decode("utf-8-sig")
    return {row[0][2:]: row[1] for row in csv.reader(io.StringIO(text, newline="")) if row and row[0].startswith("# ")}


def sheets(engine: Engine, name: str, who: Principal = LOCAL) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(exported(engine, name, "xlsx", who=who)))
    return {sheet.title: sheet for sheet in book.worksheets}


def rows_of(sheet: Worksheet) -> list[list[Any]]:
    return [[found.value for found in row] for row in sheet.iter_rows()]


def asked(engine: Engine, *measures: str, who: Principal = LOCAL, **question: Any) -> list[tuple[Any, ...]]:
    """The answer of the query API to the same: at the instant of the page, over its period, with its filters."""
    plain = {"measures": list(measures), "over": "7d", "where": STATE["where"], "zone": STATE["zone"], **question}
    return list(engine.ask(plain, who).rows)
