"""Exports read back: every figure is the page's and the query API's, and says of which moment, zone and filters it is."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image
from pypdf import PdfReader

from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.errors import BadRequestError, ForbiddenError, NotFoundError, UnknownNameError
from metrics_core.exports.formats import FORMATS, Wish
from metrics_core.exports.to_csv import cell, disarmed, money
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.query import Filter
from tests import given
from tests.exports.conftest import ARMED, STATE, WIDGETS, document, fill

EUROPE = Principal("ida", "Ida", Role.ANALYST, (Filter("region", ("Europe",)),))


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


# --------------------------------------------------------------------------------------------------------------- figures


def test_a_card_is_the_figure_of_the_query_api_in_every_format(shop: Engine) -> None:
    name = saved(shop)
    ((minor,),) = asked(shop, "revenue")
    shown = drawing(shop, name, "card")
    assert shown["value"] == minor / 100
    head, row = lines(shop, name, "card")
    assert (head[:2], Decimal(row[1])) == (["Measure", "Value (USD)"], Decimal(minor) / 100)
    assert row[1].partition(".")[2].isdecimal()
    assert sheets(shop, name)["The card"]["B2"].value == minor / 100
    assert shown["figure"] in PdfReader(io.BytesIO(exported(shop, name, "pdf", "card"))).pages[0].extract_text()


def test_a_table_has_every_row_and_the_total_of_the_query_api(shop: Engine) -> None:
    name = saved(shop)
    measures = ("revenue", "orders", "avg_order_value", "conversion_rate")
    answer = [(staff or "Not named", *figures[:2]) for staff, *figures in asked(shop, *measures, by=["staff"])]
    ((revenue, orders),) = asked(shop, "revenue", "orders")
    head, *body, total = lines(shop, name, "table")
    assert head[:3] == ["Staff", "Revenue (USD)", "Orders"]
    assert {(row[0], Decimal(row[1]), int(row[2])) for row in body} == {
        (disarmed(staff), Decimal(minor) / 100, number) for staff, minor, number in answer
    }
    assert (Decimal(total[1]), int(total[2])) == (Decimal(revenue) / 100, orders)
    sheet = rows_of(sheets(shop, name)["The table"])
    assert sorted((row[0], row[1], row[2]) for row in sheet[1 : len(answer) + 1]) == sorted(
        (staff, minor / 100, number) for staff, minor, number in answer
    )
    assert sheet[len(answer) + 1][:3] == ["Total", revenue / 100, orders]


@pytest.mark.parametrize("widget", ("line", "split", "time", "bar", "pie", "heat"))
def test_a_chart_comes_to_the_total_of_the_query_api(shop: Engine, widget: str) -> None:
    name = saved(shop)
    head, *body = lines(shop, name, widget)
    spec = WIDGETS[widget]["spec"]
    measures = spec.get("measures") or [spec["measure"]]
    ((*totals,),) = asked(shop, *measures)
    apart = ("Time", "Name", "Part", "Share (%)", "Complete", "The 7 days before (USD)", head[0])
    own = [place for place, label in enumerate(head) if label not in apart]
    sums = sum(Decimal(row[place]) for row in body for place in own if row[place])
    scales = [100 if measure == "revenue" else 1 for measure in measures]
    wanted = sum(Decimal(total) / scale for total, scale in zip(totals, scales, strict=True))
    assert sums == wanted
    sheet = rows_of(sheets(shop, name)[f"The {widget}"])[1 : len(body) + 1]
    assert sum(Decimal(repr(row[place])) for row in sheet for place in own if row[place] is not None) == wanted


def test_two_names_that_look_the_same_are_two_rows(shop: Engine) -> None:
    name = saved(shop)
    labels = [row[0] for row in lines(shop, name, "bar")[1:]]
    assert labels.count("Online") + labels.count("online") == 2


def test_buckets_have_their_local_time_and_say_whether_they_are_complete(shop: Engine) -> None:
    name = saved(shop)
    head, *body = lines(shop, name, "line")
    assert head[0] == "Time"
    assert head[-1] == "Complete"
    assert [row[-1] for row in (body[0], body[1], body[-1])] == ["no", "yes", "no"]
    starts = [start for start, _ in asked(shop, "revenue", grain="day")]
    assert len(body) == len(starts)
    sheet = sheets(shop, name)["The line"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2, max_row=len(starts) + 1)] == [
        datetime.fromisoformat(row[0]) for row in body
    ]


def test_every_figure_of_every_widget_is_a_number_in_excel(shop: Engine) -> None:
    found = sheets(shop, saved(shop))
    assert list(found) == ["Info", *(f"The {name}" for name in WIDGETS)]
    for widget in ("bar", "table", "heat", "pie", "split"):
        sheet = found[f"The {widget}"]
        for row in sheet.iter_rows(min_row=2, min_col=2, max_row=4):
            assert all(one.value is None or one.data_type == "n" or one.value in ("yes", "no") for one in row), widget


# ------------------------------------------------------------------------------------------------------------ disarming


@pytest.mark.parametrize("name", ARMED[:4])
def test_no_name_becomes_a_formula(shop: Engine, name: str) -> None:
    board = saved(shop)
    book = sheets(shop, board)
    rows = [row for widget in ("table", "bar") for row in book[f"The {widget}"].iter_rows()]
    cells = [one for row in rows for one in row if one.value == name]
    assert len(cells) == 2
    assert {(one.data_type, one.quotePrefix) for one in cells} == {("s", True)}
    first = [row[0] for widget in ("table", "bar") for row in lines(shop, board, widget)]
    assert first.count(f"'{name}") == 2
    assert name not in first


def test_a_title_and_a_filter_cannot_be_run_either(shop: Engine) -> None:
    body = document(("card",))
    body["title"] = '=HYPERLINK("http://x","y")'
    body["widgets"][0]["title"] = "@card:[1]"
    body["state"] = {"period": "7d", "where": {"staff": ["=1+1", "x,=2+2"]}}
    name = shop.shelf.create(body, LOCAL).id
    told = about(shop, name, "card")
    assert told["Widget"] == "'@card:[1]"
    assert told["Dashboard"].startswith("'=HYPER")
    assert told["Filters"] == "Staff: =1+1, x,=2+2"
    book = sheets(shop, name)
    assert list(book) == ["Info", "@card 1"]
    for sheet in book.values():
        assert all(one.data_type != "f" for row in sheet.iter_rows() for one in row)


@pytest.mark.parametrize(
    ("value", "text"),
    ((-5, "-5"), (-0.1, "-0.1"), (1e-7, "0.0000001"), (1e22, "10000000000000000000000"), ("-5", "'-5"), (None, ""),
     ("a", "a"), ("\r=1", "'\r=1"), ("\uff1d1", "'\uff1d1"), ("", ""), (True, "yes")),
)  # fmt: skip
def test_numbers_stay_and_text_is_disarmed(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(("value", "text"), ((12.5, "12.50"), (3, "3.00"), (77.8431, "77.8431"), ("x", "x"), (None, "")))
def test_money_has_the_decimals_of_its_currency_and_a_mean_keeps_its_own(value: object, text: str) -> None:
    assert cell(money(value, 2)) == text


# ----------------------------------------------------------------------------------------------------- what they are of


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
    assert "Region: Europe" in text
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


# ------------------------------------------------------------------------------------------------------- what is refused


def test_what_cannot_be_exported_is_said(shop: Engine) -> None:
    name = saved(shop, "card")
    for format, widget, error in (
        ("png", None, BadRequestError), ("docx", None, UnknownNameError), ("csv", "nothing", NotFoundError),
    ):  # fmt: skip
        with pytest.raises(error):
            exported(shop, name, format, widget)
    with pytest.raises(NotFoundError):
        exported(shop, "nowhere", "csv")


def test_progress_is_told_widget_by_widget(shop: Engine) -> None:
    name = saved(shop)
    told: list[tuple[int, int]] = []
    for format in ("csv", "xlsx", "pdf"):
        shop.export(name, None, Wish(format), LOCAL, lambda done, of: told.append((done, of)))
    assert told == 3 * [(number, len(WIDGETS)) for number in range(1, len(WIDGETS) + 1)]


@pytest.mark.parametrize("format", tuple(FORMATS))
@pytest.mark.parametrize("widget", tuple(WIDGETS))
def test_every_kind_of_widget_is_written_in_every_format(shop: Engine, format: str, widget: str) -> None:
    name = saved(shop)
    file = shop.export(name, None, Wish(format, widget), LOCAL)
    begins = {"csv": b"\xef\xbb\xbf# Widget", "xlsx": b"PK", "pdf": b"%PDF", "png": b"\x89PNG"}
    assert file.content.startswith(begins[format])
    assert file.name == f"everything-the-{widget}-2026-11-19-1745.{FORMATS[format].ending}"


def test_a_table_that_is_too_long_for_its_place_follows_in_full(engine: Engine) -> None:
    records = [given.order_record(amount="1.00", staffId=f"Member {number:03d}") for number in range(130)]
    engine.clock.move(given.SECOND)  # type: ignore[attr-defined]
    assert engine.accept(records).accepted == 130
    body = document(("table",))
    body["widgets"][0]["spec"]["limit"] = 200
    name = engine.shelf.create(body, LOCAL).id
    leaves = [leaf.extract_text() for leaf in PdfReader(io.BytesIO(exported(engine, name, "pdf"))).pages]
    assert len(leaves) > 3
    assert "of the 130 rows" in leaves[0]
    rest = "".join(leaves[1:])
    assert all(f"Member {number:03d}" in rest for number in range(130))
    assert "$130.00" in leaves[-1]
