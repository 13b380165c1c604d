"""The words of an explanation: figures as they are written everywhere, windows, filters, origins, and what moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.measure import REGISTRY, Ratio
from metrics_core.model.query import Value
from metrics_core.widgets import words
from metrics_core.widgets.numbers import NA, Numbers, compared
from pages.parts.words import ORIGINS

Json: TypeAlias = dict[str, Any]

_SIGNS = {"-": "\N{MINUS SIGN}", "/": "\N{DIVISION SIGN}"}
_ROWS = {
    "gross_revenue": ("completed order", "completed orders"), "refunds": ("refund", "refunds"),
    "transactions": ("order placed", "orders placed"),
}  # fmt: skip
_MADE_UP = ("sim", "demo")


def told(body: Mapping[str, Any], numbers: Numbers, period: str) -> Json:
    """What the drawer shows of an explanation."""
    name, value, before = body["measure"]["name"], body["value"], body["before"]
    delta = compared(name, value, before, body["against"] or "") if body["compared"] else None
    apart = ""
    if delta is not None and value is not None and before is not None:
        apart = f"{numbers.difference(name, value - before)} {body['against']}"
    return {
        "name": body["measure"]["label"], "period": period, "figure": numbers.full(name, value),
        "why": words.why_none(name, period) if value is None else None,
        "delta": None if delta is None else delta.model_dump(mode="json"), "apart": apart or (body["against"] or ""),
        "check": _check(body, numbers), "definition": body["measure"]["definition"], "formula": _formula(body, numbers),
        "users": _users(body), "where": _where(body), "moved": _moved(body, numbers),
    }  # fmt: skip


def _check(body: Mapping[str, Any], numbers: Numbers) -> Json:
    check, name = body["check"], body["measure"]["name"]
    if check["ok"] is None:
        return {"mood": "none", "words": check["why"], "took": ""}
    took = f"{check['milliseconds']:,.0f} ms" if check["milliseconds"] >= 1 else "under 1 ms"
    rows = f"{check['rows']:,} {'row' if check['rows'] == 1 else 'rows'}"
    if check["ok"]:
        exact = "the same, to the cent." if body["measure"]["unit"] == "money" else "exactly the same."
        return {"mood": "good", "words": f"Recomputed from its {rows}: {exact}", "took": took}
    first, second = numbers.full(name, check["first"]), numbers.full(name, check["second"])
    apart = "" if check["difference"] is None else f", {numbers.difference(name, check['difference'])}"
    words_ = f"Recomputed from its {rows}: {second}, not {first}{apart}. Run Verify under Data to see which total is wrong."
    return {"mood": "bad", "words": words_, "took": took}


def _formula(body: Mapping[str, Any], numbers: Numbers) -> list[Json]:
    """The figures of the formula, each with what it is; those that are measures themselves can be asked about."""
    name, row = body["measure"]["name"], REGISTRY[body["measure"]["name"]]
    pieces: list[Json] = []
    for term in body["terms"]:
        if term["operator"]:
            pieces.append({"sign": _SIGNS[term["operator"]]})
        pieces.append({
            "amount": numbers.full(term["measure"], term["value"]), "label": _term(term), "measure": term["measure"],
            "over": term["over"],
        })  # fmt: skip
    if isinstance(row, Ratio) and row.scale != 1:
        pieces += [{"sign": "×"}, {"amount": f"{row.scale}", "label": "for a percentage"}]
    if pieces:
        pieces.append({"sign": "="})
        return [*pieces, {"amount": numbers.full(name, body["value"]), "label": row.label.lower()}]
    return [{"amount": numbers.full(name, body["value"]), "label": row.formula}]


def _term(term: Mapping[str, Any]) -> str:
    rows = term["rows"]
    one, many = _ROWS.get(term["measure"], ("", ""))
    if rows is None or not one:
        return str(term["label"]).lower()
    return f"{rows:,} {one if rows == 1 else many}"


def _users(body: Mapping[str, Any]) -> str:
    moves = body["moves"]
    if moves is None:
        return ""
    return (
        f"Different users are counted anew, so the change is who they are: {moves['came']:,} came who were not there "
        f"before, {moves['stayed']:,} were there in both, {moves['went']:,} did not come back."
    )


# ---------------------------------------------------------------------------------------------------------- where it looked


def _where(body: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    window, reaches = body["window"], body["reaches"]
    rows = [("Local time", _span(window), False), ("UTC", f"{_utc(window['start_utc'])} to {_utc(window['end_utc'])}", True)]
    if (reaches["start_utc"], reaches["end_utc"]) != (window["start_utc"], window["end_utc"]):
        rows.append(("Made from", _reached(reaches), False))
    if body["peak_at"]:
        rows.append(("Reached at", _moment(datetime.fromisoformat(body["peak_at"])), False))
    if body["compared"]:
        rows.append(("Compared", _span(body["compared"]), False))
    theirs, chosen = ([row for row in body["where"] if row["own"] is own] for own in (True, False))
    rows.append(("Filters", _filters(chosen) or "None", False))
    if theirs:
        rows.append(("Limited to", _filters(theirs), False))
    return [*rows, ("Origin", _origin(body), False), ("Complete to", _complete(body), False)]


def _span(window: Mapping[str, Any]) -> str:
    start, end = (datetime.fromisoformat(window[name]) for name in ("start", "end"))
    zone = window["zone"]
    if start.year <= 1970:
        return f"From the first record to {_moment(end)}, {zone}"
    if start.date() == end.date():
        return f"{_moment(start)} to {_clock(end)}, {zone}"
    return f"{_moment(start)} to {_moment(end)}, {zone}"


def _reached(reaches: Mapping[str, Any]) -> str:
    start, end = (datetime.fromisoformat(reaches[name]) for name in ("start", "end"))
    if start.year <= 1970:
        return f"everything up to {_moment(end)}"
    return f"what happened after {_moment(start)}, up to {_moment(end)}"


def _filters(rows: Sequence[Mapping[str, Any]]) -> str:
    said = []
    for row in rows:
        values = ", ".join(words.name(row["dimension"], _raw(row["dimension"], value)) for value in row["values"])
        said.append(f"{row['label']}: {'not ' if row['op'] == 'not in' else ''}{values}")
    return "; ".join(said)


def _raw(dimension: str, value: Value) -> Value:
    return words.DAYS.index(str(value)) if dimension == "weekday" and isinstance(value, str) else value


def _origin(body: Mapping[str, Any]) -> str:
    by_origin, mark = body["rows"]["by_origin"], body["origin"]["watermark"]
    rows = ", ".join(
        f"{number:,} {ORIGINS.get(name, name).lower()} {'row' if number == 1 else 'rows'}"
        for name, number in by_origin.items()
    )
    up_to = "" if body["rows"]["exact"] else "at most "
    none = ", none made up" if rows and not any(by_origin.get(name) for name in _MADE_UP) else ""
    return f"{mark or 'Real data'}: {up_to}{rows or 'no rows'}{none}"


def _complete(body: Mapping[str, Any]) -> str:
    through, rows, seq = body["instant"]["dataThrough"], body["rows"], body["instant"]["seq"]
    zone = datetime.fromisoformat(body["window"]["end"]).tzinfo
    said = ["no data yet" if through is None else _moment(datetime.fromisoformat(through).astimezone(zone))]
    if rows["late"]:
        came = f"{rows['late']:,} {'row' if rows['late'] == 1 else 'rows'} came late"
        said.append(f"{came}, the latest by {_long(rows['latest_by'])}")
    elif rows["late"] == 0:
        said.append("none came late")
    return " · ".join([*said, *([f"snapshot {seq}"] if seq is not None else [])])


def _long(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _moment(when: datetime) -> str:
    return f"{when:%a} {when.day} {when:%b %Y}, {_clock(when)}"


def _clock(when: datetime) -> str:
    return f"{when:%H:%M:%S}" if when.second or when.microsecond else f"{when:%H:%M}"


def _utc(text: str) -> str:
    return text.replace(".000Z", "Z")


# ------------------------------------------------------------------------------------------------------------ what moved it


def _moved(body: Mapping[str, Any], numbers: Numbers) -> Json:
    against = body["against"] if body["compared"] else None
    return {
        "heading": "What moved it" if against else "What it consists of",
        "against": f"change against {str(against).removeprefix('vs ')}" if against else "",
        "splits": [_split(split, body, numbers) for split in body["contributions"] if _tells(split)],
        "more": [{"name": name, "label": DIMENSIONS[name].label} for name in body["unsplit"]],
    }


def _tells(split: Mapping[str, Any]) -> bool:
    """Whether a split tells anything: not where nothing has a value of that dimension."""
    return any(row["value"] is not None for row in split["rows"])


def _split(split: Mapping[str, Any], body: Mapping[str, Any], numbers: Numbers) -> Json:
    name = body["measure"]["name"]
    told_moves = bool(body["compared"]) and any(row["moved"] is not None for row in split["rows"])
    parts = [*split["rows"], *([split["others"]] if split["others"] else [])]
    moves = [row["moved"] for row in parts if row["moved"] is not None] if told_moves else []
    least, most = min([0.0, *moves]), max([0.0, *moves])
    ratio = body["measure"]["kind"] == "ratio"
    change = "Effect" if ratio else "Change"
    rows = []
    for row in parts:
        if row is split["others"]:
            label = f"{row['values']:,} others"
        else:
            label = words.name(split["dimension"], _raw(split["dimension"], row["value"]))
        cells = [label, NA if row["now"] is None and not ratio else numbers.full(name, row["now"])]
        if told_moves:
            cells.append("" if row["moved"] is None else numbers.difference(name, row["moved"]))
        rows.append({"cells": cells, "bar": _bar(row["moved"], least, most) if told_moves else None})
    total = [str(body["measure"]["label"]), numbers.full(name, body["value"])]
    if told_moves:
        whole = body["value"] is not None and body["before"] is not None
        total.append(numbers.difference(name, body["value"] - body["before"]) if whole else NA)
    return {
        "name": split["dimension"], "label": split["label"], "why": split["why"] or "",
        "columns": {"names": [split["label"], "Now", *([change] if told_moves else [])], "bars": told_moves},
        "rows": rows, "total": {"cells": total} if split["adds_up"] or split["moves_add_up"] else None,
    }  # fmt: skip


def _bar(moved: float | None, least: float, most: float) -> Json | None:
    """From the middle line to the right what added, to the left what took away, all on one scale."""
    span = most - least
    if moved is None or not span:
        return None
    middle = 100 * -least / span
    wide = 100 * abs(moved) / span
    return {"middle": middle, "from": middle if moved >= 0 else middle - wide, "wide": wide, "less": moved < 0}
