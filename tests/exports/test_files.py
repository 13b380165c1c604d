"""Exports read back: every figure is the page's and the query API's, and no name becomes a formula."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader

from metrics_core.engine import Engine
from metrics_core.errors import BadRequestError, NotFoundError, UnknownNameError
from metrics_core.exports.formats import FORMATS, Wish
from metrics_core.exports.to_csv import cell, disarmed, money
from metrics_core.model.access import LOCAL
from tests import given
from tests.exports.conftest import ARMED, WIDGETS, document
from tests.exports.reading import about, asked, drawing, exported, lines, rows_of, saved, sheets

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
