"""What files carry beside their figures: snapshot, zone, filters, origin; and whose figures they are."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from decimal import Decimal

import pytest
from PIL import Image
from pypdf import PdfReader

from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.errors import ForbiddenError
from metrics_core.exports.formats import Wish
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.query import Filter
from tests.exports.conftest import STATE, WIDGETS, fill
from tests.exports.reading import about, asked, exported, lines, page, rows_of, saved, sheets

EUROPE = Principal("ida", "Ida", Role.ANALYST, (Filter("region", ("Europe",)),))


def test_every_file_carries_the_snapshot_the_zone_and_the_filters(shop: Engine) -> None:
    name = saved(shop)
    moment = page(shop, name)["instant"]
    wanted = {"Snapshot": str(moment["seq"]), "Time zone": "Asia/Kathmandu", "Filters": "Channel: Online, Retail",
              "Data": "Real data (live)", "Currency": "USD", "Figures of": "2026-11-19 17:45:00+05:45"}  # fmt: skip
    assert about(shop, name, "card").items() >= wanted.items()
    info = {row[0]: row[1] for row in rows_of(sheets(shop, name)["Info"])}
    assert info["Snapshot"] == moment["seq"]
    assert info.items() >= {key: value for key, value in wanted.items() if key != "Snapshot"}.items()
    assert info["Figures of, as a date"] == datetime(2026, 11, 19, 17, 45)  # noqa: DTZ001
    with zipfile.ZipFile(io.BytesIO(exported(shop, name, "csv"))) as archive:
        assert archive.testzip() is None
        listed = dict(csv.reader(io.StringIO(archive.read("info.csv").decode("utf-8-sig"), newline="")))
        assert listed.items() >= wanted.items()
        assert archive.namelist()[1:] == [f"{number:02d}-the-{key}.csv" for number, key in enumerate(WIDGETS, 1)]
    first = PdfReader(io.BytesIO(exported(shop, name, "pdf"))).pages[0].extract_text()
    for text in (f"snapshot {moment['seq']}", "Asia/Kathmandu", "Channel: Online, Retail", "Last 7 days", "Everything"):
        assert text in first
    picture = Image.open(io.BytesIO(exported(shop, name, "png", "line")))
    assert picture.info["Snapshot"] == str(moment["seq"])  # type: ignore[attr-defined]
    assert picture.info["Filters"] == wanted["Filters"]  # type: ignore[attr-defined]


def test_all_files_of_a_moment_have_the_figures_of_those_who_look(shop: Engine) -> None:
    name = saved(shop)
    before = page(shop, name)["instant"]
    assert about(shop, name, "card")["Snapshot"] == str(before["seq"])
    assert page(shop, name)["instant"] == before


def test_data_that_is_not_real_is_marked_in_every_file(engine: Engine) -> None:
    fill(engine, "demo")
    name = saved(engine)
    assert about(engine, name, "card")["Data"] == "Demo data (demo)"
    book = sheets(engine, name)
    assert any("Demo data" in str(one.value) for row in book["The card"].iter_rows() for one in row)
    assert all(sheet.sheet_properties.tabColor for title, sheet in book.items() if title != "Info")
    for leaf in PdfReader(io.BytesIO(exported(engine, name, "pdf"))).pages:
        assert "Demo data" in leaf.extract_text()
    assert violet(exported(engine, name, "png", "card")) > 0.1


def violet(content: bytes) -> float:
    """How much of a picture is tinted violet: more red and blue than green."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    colours = picture.getcolors(1 << 24) or []
    tinted = sum(number for number, (red, green, blue) in colours if min(red, blue) > green)
    return tinted / (picture.width * picture.height)


def test_nobody_takes_away_more_than_they_may_see(shop: Engine) -> None:
    name = saved(shop)
    ((minor,),) = asked(shop, "revenue", where={**STATE["where"], "region": ["Europe"]})
    ((everything,),) = asked(shop, "revenue")
    assert 0 < minor < everything
    assert Decimal(lines(shop, name, "card", EUROPE)[1][1]) == Decimal(minor) / 100
    assert sheets(shop, name, EUROPE)["The card"]["B2"].value == minor / 100
    assert {row[0] for row in lines(shop, name, "pie", EUROPE)[1:]} == {"Europe"}
    text = exported(shop, name, "csv", "card", EUROPE).decode()
    assert "# Limited to,Region: Europe" in text
    assert '# Filters,"Channel: Online, Retail"' in text
    first = PdfReader(io.BytesIO(exported(shop, name, "pdf", who=EUROPE))).pages[0].extract_text()
    assert "Limited to Region: Europe" in first
    picture = Image.open(io.BytesIO(exported(shop, name, "png", "line", EUROPE)))
    assert picture.info["Limited to"] == "Region: Europe"  # type: ignore[attr-defined]
    with pytest.raises(ForbiddenError, match="Export"):
        exported(shop, name, "csv", who=Principal("vic", "Vic", Role.VIEWER))


def test_a_link_lets_only_those_export_who_may(shop: Engine) -> None:
    name = saved(shop)
    state = State.of(STATE)
    closed, _ = shop.shares.create(name, LOCAL, state=state)
    opened, _ = shop.shares.create(name, LOCAL, state=state, export=True)
    with pytest.raises(ForbiddenError, match="does not let it be exported"):
        exported(shop, name, "csv", who=closed.principal())
    forged = State.of({"period": "30d", "where": {}})
    file = shop.export(name, forged, Wish("csv", "card", plain=True), opened.principal())
    ((minor,),) = asked(shop, "revenue", over="30d")
    assert f"{Decimal(minor) / 100:.2f}" in file.content.decode()


def test_a_frozen_link_exports_what_the_sender_saw(shop: Engine) -> None:
    name = saved(shop)
    kept = shop.shelf.read(name, LOCAL)
    ((before,),) = asked(shop, "revenue")
    frozen = shop.boards.freeze(kept.dashboard, State.of(STATE), LOCAL, name=name)
    link, _ = shop.shares.create(
        name, LOCAL, state=State.of(STATE), export=True, frozen=frozen, frozen_at=frozen["as_of"], free=()
    )
    fill_more = [{"orderId": "later", "channel": "online", "ts": "2026-11-19T11:59:00Z", "userId": "u",
                  "lines": [{"productId": "p", "quantity": 1, "revenue": "999.99"}]}]  # fmt: skip
    assert shop.accept(fill_more).accepted == 1
    text = exported(shop, name, "csv", "card", link.principal()).decode("utf-8-sig")
    assert f"{Decimal(before) / 100:.2f}" in text
    assert "# Frozen" in text
