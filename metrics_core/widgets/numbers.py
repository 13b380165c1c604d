"""How figures are written: money, counts, rates, shares and changes, in full and compact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias

from metrics_core.model.measure import REGISTRY, Unit
from metrics_core.model.query import Value
from metrics_core.rollup.derive import change
from metrics_core.widgets.drawing import Delta

MINUS = "\u2212"
NA = "n/a"
WHOLE_FROM = 10_000_000
"""Above this, money is written without its minor units."""

Style: TypeAlias = Literal["auto", "full", "compact"]

_SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹", "KRW": "₩", "AUD": "$", "CAD": "$", "NZD": "$",
    "HKD": "$", "SGD": "$", "MXN": "$", "BRL": "R$", "ILS": "₪", "VND": "₫", "NGN": "₦", "PHP": "₱", "UAH": "₴", "TRY": "₺",
}  # fmt: skip
_SCALES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Writes the figures of one widget: in its currency, in the style and with the decimals its spec asks for."""

    currency: str = "USD"
    digits: int = 2
    style: Style = "auto"
    decimals: int | None = None

    def raw(self, measure: str, value: Value) -> float | int | None:
        """A figure as answers hold it, in major units where it is money."""
        if value is None or isinstance(value, str):
            return None
        if REGISTRY[measure].unit is Unit.MONEY and self.digits:
            return float(value / 10**self.digits)
        return value

    def text(self, measure: str, raw: float | None) -> str:
        """A figure as a card or a cell shows it."""
        return self.short(measure, raw) if self.style == "compact" else self.full(measure, raw)

    def full(self, measure: str, raw: float | None) -> str:
        """Every digit: `$53,362.97`, `1,198`, `4.30%`."""
        return _WRITERS[REGISTRY[measure].unit](self, raw) if raw is not None else NA

    def short(self, measure: str, raw: float | None) -> str:
        """Three digits: `$43.7M`, `12.4k`; rates as in full."""
        if raw is None:
            return NA
        unit = REGISTRY[measure].unit
        if unit is Unit.PERCENT or abs(raw) < 1_000:
            return self.full(measure, raw)
        return compact(raw, self.symbol if unit is Unit.MONEY else "")

    def tick(self, measure: str, raw: float, step: float) -> str:
        """A figure on an axis whose lines are `step` apart."""
        unit = REGISTRY[measure].unit
        lead, tail = (self.symbol if unit is Unit.MONEY else ""), ("%" if unit is Unit.PERCENT else "")
        if abs(raw) >= 1_000 and not tail:
            return compact(raw, lead)
        digits = len(f"{Decimal(str(step)).normalize():f}".partition(".")[2])
        return f"{_signed(raw, digits, lead)}{tail}"

    def money(self, raw: float) -> str:
        digits = self._places(0 if abs(raw) > WHOLE_FROM else self.digits)
        return _signed(raw, digits, self.symbol)

    def count(self, raw: float) -> str:
        return _signed(raw, self._places(0))

    def rate(self, raw: float) -> str:
        return f"{_signed(raw, self._places(2))}%"

    def aim(self, measure: str, raw: float) -> str:
        """A figure that somebody chose, such as a target: `$98,000`, without decimals it does not have."""
        if raw == int(raw) and self.decimals is None:
            return Numbers(self.currency, 0, self.style, 0).full(measure, raw)
        return self.full(measure, raw)

    def difference(self, measure: str, raw: float) -> str:
        """How far two figures are apart: `+$645.38`, `−12`, `+0.05 pp`."""
        sign = "" if raw == 0 else MINUS if raw < 0 else "+"
        if REGISTRY[measure].unit is Unit.PERCENT:
            return f"{sign}{_signed(abs(raw), 2)} pp"
        return sign + self.full(measure, abs(raw))

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        return _SYMBOLS.get(self.currency, f"{self.currency}\u00a0")

    def _places(self, usual: int) -> int:
        return usual if self.decimals is None else self.decimals


def compact(raw: float, symbol: str = "") -> str:
    """Three digits and a letter: `$1.87M`, `$43.7M`, `12.4k`; whole below a thousand."""
    for place, (size, letter) in enumerate(_SCALES):
        if abs(raw) < size and not (place + 1 < len(_SCALES) and _digits3(abs(raw) / _SCALES[place + 1][0]) == 1_000):
            continue
        scaled = raw / size
        text = _signed(scaled, _decimals3(abs(scaled)), symbol)
        return (text.rstrip("0").rstrip(".") if "." in text else text) + letter
    return _signed(raw, 0, symbol)


def share(raw: float | None) -> str:
    """A part of a whole, in percent: `93.4%`."""
    return NA if raw is None else f"{_signed(raw, 1)}%"


def compared(measure: str, now: float | None, before: float | None, against: str) -> Delta:
    """How a figure changed. Nothing before is "new", no figure is "n/a"; rates differ in percentage points."""
    found = change(measure, now, before)
    label = REGISTRY[measure].label
    if found.how == "none":
        side = "now" if now is None else "in what it is compared with"
        return Delta(text=NA, direction="none", good=None, against=against, why=f"{label} has no value {side}.")
    if found.how == "new":
        return Delta(text="new", direction="none", good=None, against=against,
                     why=f"{label} was 0 in what it is compared with.")  # fmt: skip
    amount = found.amount or 0.0
    points = found.how == "points"
    text = f"{_signed(abs(amount), 2)} pp" if points else f"{_signed(abs(amount), 1)}%"
    if not text.strip("0.% p"):
        return Delta(text="no change", direction="flat", good=None, against=against)
    good = REGISTRY[measure].good
    up = amount > 0
    return Delta(text=text, direction="up" if up else "down", good=None if good is None else up == (good == "up"),
                 against=against)  # fmt: skip


def spoken(delta: Delta) -> str:
    """A change in words: "up 2.6 percent vs yesterday by 14:32"."""
    text = delta.text.replace("%", " percent").replace(" pp", " percentage points")
    way = f"{delta.direction} " if delta.direction in ("up", "down") else ""
    return f"{way}{text} {delta.against}".strip()


def _signed(raw: float, digits: int, symbol: str = "") -> str:
    """Rounded half away from zero, as people round; a figure that rounds to zero has no sign."""
    rounded = Decimal(str(raw)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{MINUS if rounded < 0 else ''}{symbol}{abs(rounded):,f}"


def _digits3(scaled: float) -> float:
    return float(round(scaled, _decimals3(scaled)))


def _decimals3(scaled: float) -> int:
    return 0 if scaled >= 100 else 1 if scaled >= 10 else 2


_WRITERS = {Unit.MONEY: Numbers.money, Unit.COUNT: Numbers.count, Unit.PERCENT: Numbers.rate}
