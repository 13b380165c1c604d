"""Figures are written as the look of the product says."""

from __future__ import annotations

import pytest

from metrics_core.widgets import numbers
from metrics_core.widgets.numbers import Numbers, compact, compared, share, spoken

USD = Numbers()


@pytest.mark.parametrize(
    ("measure", "raw", "full", "short"),
    (
        ("revenue", 53362.97, "$53,362.97", "$53.4k"),
        ("revenue", -36.2, "−$36.20", "−$36.20"),
        ("revenue", 0, "$0.00", "$0.00"),
        ("revenue", -0.001, "$0.00", "$0.00"),
        ("revenue", 43701410.5, "$43,701,411", "$43.7M"),
        ("revenue", 10_000_000.0, "$10,000,000.00", "$10M"),
        ("revenue", 1_870_000.0, "$1,870,000.00", "$1.87M"),
        ("revenue", 2_500, "$2,500.00", "$2.5k"),
        ("revenue", 999_999.0, "$999,999.00", "$1M"),
        ("revenue", 9.995, "$10.00", "$10.00"),
        ("avg_order_value", 83.48123, "$83.48", "$83.48"),
        ("orders", 1198, "1,198", "1.2k"),
        ("orders", 12_400, "12,400", "12.4k"),
        ("orders", 999, "999", "999"),
        ("orders", 7_000_000_000, "7,000,000,000", "7B"),
        ("conversion_rate", 4.304, "4.30%", "4.30%"),
        ("conversion_rate", 0.005, "0.01%", "0.01%"),
        ("conversion_rate", 1234.5, "1,234.50%", "1,234.50%"),
        ("revenue", None, "n/a", "n/a"),
    ),
)
def test_a_figure_in_full_and_compact(measure: str, raw: float | None, full: str, short: str) -> None:
    assert USD.full(measure, raw) == full
    assert USD.short(measure, raw) == short


@pytest.mark.parametrize(
    ("currency", "digits", "text"),
    (("EUR", 2, "€1,234.50"), ("JPY", 0, "¥1,235"), ("CHF", 2, "CHF\u00a01,234.50"), ("KWD", 3, "KWD\u00a01,234.500")),
)
def test_a_currency_has_its_sign_and_its_decimals(currency: str, digits: int, text: str) -> None:
    assert Numbers(currency, digits).full("revenue", 1234.5) == text


def test_decimals_and_style_are_as_the_person_chose() -> None:
    assert Numbers(decimals=0).full("revenue", 53362.97) == "$53,363"
    assert Numbers(decimals=1).full("conversion_rate", 4.3) == "4.3%"
    assert Numbers(style="compact").text("revenue", 53362.97) == "$53.4k"


def test_money_comes_in_major_units_whatever_the_currency() -> None:
    assert USD.raw("revenue", 12345) == 123.45
    assert Numbers("JPY", 0).raw("revenue", 12345) == 12345
    assert USD.raw("orders", 12345) == 12345
    assert USD.raw("revenue", None) is None


@pytest.mark.parametrize(
    ("measure", "raw", "step", "text"),
    (("revenue", 7500, 2500, "$7.5k"), ("revenue", 0, 2500, "$0"), ("revenue", -2500, 2500, "−$2.5k"),
     ("orders", 30, 30.0, "30"), ("conversion_rate", 2.5, 2.5, "2.5%"),
     ("conversion_rate", 0.5, 0.25, "0.50%"), ("revenue", 40, 20, "$40")),
)  # fmt: skip
def test_an_axis_is_compact(measure: str, raw: float, step: float, text: str) -> None:
    assert USD.tick(measure, raw, step) == text


@pytest.mark.parametrize(
    ("measure", "now", "before", "text", "direction", "good"),
    (
        ("revenue", 102.6, 100.0, "2.6%", "up", True),
        ("revenue", 97.4, 100.0, "2.6%", "down", False),
        ("refunds", 110.0, 100.0, "10.0%", "up", False),
        ("events", 110, 100, "10.0%", "up", None),
        ("conversion_rate", 4.35, 4.30, "0.05 pp", "up", True),
        ("revenue", 5.0, 0.0, "new", "none", None),
        ("revenue", 0.0, 0.0, "no change", "flat", None),
        ("revenue", 100.001, 100.0, "no change", "flat", None),
        ("revenue", 0.0, 100.0, "100.0%", "down", False),
        ("revenue", 50.0, -100.0, "150.0%", "up", True),
        ("revenue", 135_000.0, 10.0, "1,349,900.0%", "up", True),
        ("avg_order_value", None, 100.0, "n/a", "none", None),
        ("avg_order_value", 100.0, None, "n/a", "none", None),
        ("conversion_rate", 4.0, 0.0, "4.00 pp", "up", True),
    ),
)
def test_a_change_is_never_infinite(
    measure: str, now: float | None, before: float | None, text: str, direction: str, good: bool | None
) -> None:
    delta = compared(measure, now, before, "vs yesterday")
    assert (delta.text, delta.direction, delta.good) == (text, direction, good)
    assert (delta.why is not None) == (text in ("new", "n/a"))


def test_a_change_is_said_in_words() -> None:
    assert spoken(compared("revenue", 102.6, 100, "vs yesterday by 14:32")) == "up 2.6 percent vs yesterday by 14:32"
    assert spoken(compared("conversion_rate", 4, 5, "vs last week")) == "down 1.00 percentage points vs last week"
    assert spoken(compared("revenue", 5, 0, "vs yesterday")) == "new vs yesterday"


def test_shares_have_one_decimal() -> None:
    assert share(93.44) == "93.4%"
    assert share(None) == numbers.NA


def test_differences_have_a_sign() -> None:
    assert USD.difference("revenue", 645.38) == "+$645.38"
    assert USD.difference("orders", -12) == "−12"
    assert USD.difference("conversion_rate", 0.05) == "+0.05 pp"
    assert USD.difference("orders", 0) == "0"


def test_compact_never_shows_a_thousand_thousands() -> None:
    for raw in (999_499, 999_500, 999_999, 1_000_000, 999_999_999, 999_950):
        assert "1,000" not in compact(raw)
        assert "1000" not in compact(raw)
