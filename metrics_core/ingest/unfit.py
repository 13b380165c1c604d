"""Why a record is kept out, in a sentence to its sender."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn

SHOWN = 80
"""Characters of a culprit that are quoted."""


class Unfit(Exception):
    """A step found a field that keeps the record out."""

    def __init__(self, step: str, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.step = step
        self.field = field
        self.reason = reason

    def within_line(self, number: int) -> Unfit:
        """The same, of one line of an order: `revenue` is then `lines[2].revenue`."""
        place = f"lines[{number}]"
        return Unfit(self.step, place if self.field is None else f"{place}.{self.field}", f"In {place}: {self.reason}")


def refuse(step: str, field: str | None, reason: str) -> NoReturn:
    raise Unfit(step, field, reason)


def quoted(value: object) -> str:
    """A culprit as it is shown in a reason: as JSON would have it, short, and safe to print whatever it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        text = repr(value[: SHOWN + 1])
    elif isinstance(value, int):
        digits = int(abs(value).bit_length() * 0.30103) + 1
        text = str(value) if digits <= SHOWN else f"a number of about {digits} digits"
    elif isinstance(value, float | Decimal):
        text = str(value)
    elif isinstance(value, dict):
        text = "an object"
    elif isinstance(value, list | tuple):
        text = f"a list of {len(value)}"
    else:
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def missing(name: str, others: Iterable[object], why: str = "") -> NoReturn:
    """Refuse for want of a required field, naming the unknown field that was probably meant for it."""
    said = [other for other in others if isinstance(other, str)]
    plain = {_plain(other): other for other in reversed(said)}
    close = next((plain[also] for also in _OTHER_WORDS.get(name, ()) if also in plain), None)
    if close is None:
        found = get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
        close = plain[found[0]] if found else None
    hint = f" Did you mean {name!r} where you sent {quoted(close)}?" if close is not None else ""
    refuse("has_what_it_needs", name, f"{name!r} is missing.{why and ' ' + why}{hint}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name[:100].lower() if letter.isalnum())


_OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "amount": ("refundamount", "total", "revenue", "value"),
    "lines": ("items", "lineitems", "products", "sales"),
    "orderId": ("order", "orderno", "ordernumber", "transactionid", "basketid"),
    "productId": ("product", "sku", "item", "itemid", "article"),
    "quantity": ("qty", "units", "count"),
    "refundId": ("refund", "refundno", "refundnumber"),
    "revenue": ("amount", "price", "total", "value", "salesvalue"),
    "status": ("state",),
    "type": ("kind", "event", "eventname", "eventtype", "name"),
    "userId": ("user", "uid", "customerid", "customer", "distinctid"),
}
"""What other systems call a field that is missing here, most likely first."""
