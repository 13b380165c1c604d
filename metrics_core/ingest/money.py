"""Money at the door: major units in, exact minor units out."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Final, NoReturn

from metrics_core.ingest.unfit import quoted, refuse

MOST: Final = 10**12
"""Major units that one amount, and one whole order, may have at the most."""

_AMOUNT = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_EXACT = Context(prec=100)
_EXACT_IN_A_FLOAT: Final = 10**15
"""Below so many minor units, every amount has a float of its own, so that rounding to the minor unit and back is a proof."""


class Money:
    """The one currency amounts are taken in."""

    __slots__ = ("_fast", "code", "digits", "scale")

    def __init__(self, code: str, digits: int) -> None:
        self.code = code.upper()
        self.digits = digits
        self.scale: int = 10**digits
        self._fast = min(MOST, _EXACT_IN_A_FLOAT // self.scale)

    def minor(self, value: object, field: str) -> int:
        """The amount in minor units, exactly as sent; never negative."""
        if type(value) is float:
            if 0.0 <= value <= self._fast:
                minor = round(value * self.scale)
                if minor / self.scale == value:
                    return minor
        elif type(value) is int and 0 <= value <= MOST:
            return value * self.scale
        return self._exactly(value, field)

    def is_in_currency(self, value: object, field: str = "currency") -> None:
        """What is said to be in a currency is said in ours."""
        if value == self.code:
            return
        if not isinstance(value, str):
            refuse("is_in_currency", field, f"{field} is {quoted(value)}. Send a currency code as text, like {self.code!r}.")
        if value.strip().upper() != self.code:
            refuse(
                "is_in_currency", field,
                f"{field} is {quoted(value)}; amounts are taken in {self.code} only. Convert the amounts before sending.",
            )

    def is_within_bounds(self, minor: int, field: str) -> None:
        if minor > MOST * self.scale:
            self._too_much(field)

    def _exactly(self, value: object, field: str) -> int:
        amount = self._number(value, field)
        if amount < 0:
            refuse(
                "is_not_negative", field,
                f"{field} is {quoted(value)}. An amount is never negative; money that goes back is sent as a refund.",
            )
        if amount > MOST:
            self._too_much(field, value)
        scaled = _EXACT.scaleb(amount, self.digits)
        minor = int(scaled)
        if minor != scaled:
            has = {0: "has no decimals", 1: "has 1 decimal"}.get(self.digits, f"has {self.digits} decimals")
            refuse(
                "has_exact_money", field,
                f"{field} is {quoted(value)}, but {self.code} {has}. Round the amount as your books do, and send that.",
            )
        return minor

    def _number(self, value: object, field: str) -> Decimal:
        if isinstance(value, bool):
            _no_amount(value, field)
        if isinstance(value, int):
            # Of an integer past the bounds it matters only on which side it is; some have millions of digits.
            return Decimal(max(-1, min(value, MOST + 1)))
        # The shortest text that names a float is the amount its sender meant: 0.1 is a tenth, not 0.1000000000000000055.
        text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, float | Decimal) else ""
        if not _AMOUNT.fullmatch(text):
            _no_amount(value, field)
        return Decimal(text)

    def _too_much(self, field: str, value: object = None) -> NoReturn:
        found = f"{field} is {quoted(value)}" if value is not None else f"{field} add up to more than that"
        refuse(
            "is_within_bounds", field,
            f"{found}; the most that is taken is {MOST} {self.code}. Amounts are sent in major units: check the unit.",
        )


def _no_amount(value: object, field: str) -> NoReturn:
    refuse(
        "has_exact_money", field,
        f"{field} is {quoted(value)}, which is no amount. Send a number, or plain digits as text, like '250.00'.",
    )
