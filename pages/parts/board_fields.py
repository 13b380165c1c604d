"""A field for each sort of option that a widget has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from metrics_core.dashboards.state import State
from metrics_core.model.access import Principal
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.measure import REGISTRY
from metrics_core.widgets.options import ROLES
from pages.parts.board_controls import FILTERED_BY, spoken, values_of

PERIOD_NAMES = {None: "As the dashboard", "today": "Today", "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days",
                "30d": "Last 30 days", "week": "This week", "month": "This month", "all_time": "All time"}  # fmt: skip
COMPARE_NAMES = {"dashboard": "As the dashboard", "previous": "With what came before", "off": "With nothing"}


def field(
    name: str, option: dict[str, Any], value: Any, key: str, chosen: dict[str, Any], state: State, who: Principal
) -> Any:
    """The field of an option, and the value it has now. `chosen` is what the options before it say."""
    draw = _FIELDS[option["ui"]]
    return draw(option, value, key, {"chosen": chosen, "state": state, "who": who, "name": name})


Around = dict[str, Any]


def _label(option: dict[str, Any]) -> str:
    return str(option["title"])


def _enum(option: dict[str, Any]) -> list[str]:
    """The names an option can have, and None where it can have none."""
    found: list[Any] = []
    for one in (option, option.get("items", {}), *option.get("anyOf", ())):
        found += one.get("enum", [])
        found += [one["const"]] if "const" in one else []
    return found


def _nullable(option: dict[str, Any]) -> bool:
    return any(one.get("type") == "null" for one in option.get("anyOf", ()))


def _select(option: dict[str, Any], options: list[Any], value: Any, key: str, shown: Callable[[Any], str]) -> Any:
    options = options if value in options else [*options, value]
    return st.selectbox(
        _label(option), options, options.index(value), key=key, format_func=shown, help=option.get("description")
    )


def _measure_name(name: str | None) -> str:
    return "None" if name is None else REGISTRY[name].label if name in REGISTRY else name


def _dimension_name(name: str | None) -> str:
    return "Nothing" if name is None else DIMENSIONS[name].label if name in DIMENSIONS else name.capitalize()


def _measure(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return _select(option, _enum(option), value, key, _measure_name)


def _measures(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return st.multiselect(
        _label(option), _enum(option), list(value or ()), key=key, format_func=_measure_name,
        max_selections=option.get("maxItems"), help=option.get("description"),
    )  # fmt: skip


def _dimension(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    options = [None, *_enum(option)] if _nullable(option) else _enum(option)
    return _select(option, options, value, key, _dimension_name)


def _dimensions(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return st.multiselect(
        _label(option), _enum(option), list(value or ()), key=key, format_func=_dimension_name,
        max_selections=option.get("maxItems"), help=option.get("description"),
    )  # fmt: skip


def _period(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return _select(option, list(PERIOD_NAMES), value, key, lambda it: _range(it, PERIOD_NAMES))


def _compare(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return _select(option, list(COMPARE_NAMES), value, key, lambda it: _range(it, COMPARE_NAMES))


def _range(over: Any, names: dict[Any, str]) -> str:
    """A period by its name, or a range of one's own."""
    return f"{over['start']} to {over.get('end') or 'now'}" if isinstance(over, dict) else names[over]


def _choice(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return _select(option, _enum(option), value, key, lambda it: str(it).replace("_", " ").capitalize())


def _number(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    forms = [option, *option.get("anyOf", ())]
    whole = any(form.get("type") == "integer" for form in forms)
    limits = {name: form[name] for form in forms for name in ("minimum", "maximum", "exclusiveMinimum") if name in form}
    sort: Callable[[Any], Any] = int if whole else float
    low, high = limits.get("minimum", limits.get("exclusiveMinimum")), limits.get("maximum")
    return st.number_input(
        _label(option), None if low is None else sort(low), None if high is None else sort(high),
        None if value is None else sort(value), step=sort(1), key=key, help=option.get("description"),
        format="%d" if whole else "%g", placeholder="None",
    )  # fmt: skip


def _switch(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return st.toggle(_label(option), bool(value), key=key, help=option.get("description"))


def _text(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    return st.text_input(
        _label(option), value or "", max_chars=option.get("maxLength"), key=key, help=option.get("description"), live=True
    )


def _thresholds(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    given = value or {}
    st.caption(_label(option), help=option.get("description"))
    left, middle, right = st.columns(3)
    warn = left.number_input("Amber beyond", value=given.get("warn"), key=f"{key}_warn", format="%g", placeholder="None")
    bad = middle.number_input("Red beyond", value=given.get("bad"), key=f"{key}_bad", format="%g", placeholder="None")
    ways = ["auto", "more", "less"]
    better = right.selectbox(
        "Better is", ways, ways.index(given.get("better", "auto")), key=f"{key}_better",
        format_func={"auto": "As usual", "more": "More", "less": "Less"}.get,
    )  # fmt: skip
    return None if warn is None and bad is None else {"warn": warn, "bad": bad, "better": better}


def _filters(option: dict[str, Any], value: Any, key: str, around: Around) -> Any:
    rows = {row["dimension"]: row for row in _long(value)}
    names = st.multiselect(
        _label(option), list(dict.fromkeys((*FILTERED_BY, *rows))), list(rows), key=key, format_func=_dimension_name,
        help=option.get("description"), placeholder="None",
    )  # fmt: skip
    found = []
    for name in names:
        row = rows.get(name, {"op": "in", "values": []})
        left, right = st.columns([1, 3])
        op = left.selectbox(
            _dimension_name(name), ["in", "not in"], ["in", "not in"].index(row["op"]), key=f"{key}_{name}_op",
            format_func={"in": "is", "not in": "is not"}.get,
        )  # fmt: skip
        kept = list(row["values"])
        options = list(dict.fromkeys((*kept, *values_of(name, around["state"], around["who"]))))
        values = right.multiselect(
            "Values", options, kept, key=f"{key}_{name}", format_func=spoken, label_visibility="hidden",
        )  # fmt: skip
        if values:
            found.append({"dimension": name, "op": op, "values": values})
    return found


def _long(value: Any) -> list[dict[str, Any]]:
    """Filters in their long form, however short the document has them."""
    if isinstance(value, dict):
        kept = {name: values if isinstance(values, list) else [values] for name, values in value.items()}
        return [{"dimension": name, "op": "in", "values": values} for name, values in kept.items()]
    return [{"op": "in", **row} for row in value or ()]


def _colours(option: dict[str, Any], value: Any, key: str, _: Around) -> Any:
    st.caption(_label(option), help=option.get("description"))
    table = pd.DataFrame({"name": list(value or {}), "colour": list((value or {}).values())}, dtype="str")
    edited = st.data_editor(
        table, key=key, num_rows="dynamic", hide_index=True, height=140,
        column_config={
            "name": st.column_config.TextColumn("Name", required=True),
            "colour": st.column_config.SelectboxColumn("Colour", options=list(ROLES), required=True),
        },
    )  # fmt: skip
    rows = edited.dropna()
    return dict(zip(rows["name"], rows["colour"], strict=True))


def _sort(option: dict[str, Any], value: Any, key: str, around: Around) -> Any:
    columns = [*around["chosen"].get("measures", ()), *around["chosen"].get("by", ())]
    options = [None, *(sign + column for column in columns for sign in ("-", ""))]
    return _select(option, options, value, key, _sort_name)


def _sort_name(name: str | None) -> str:
    if name is None:
        return "The first measure"
    column = name.removeprefix("-")
    label = _measure_name(column) if column in REGISTRY else _dimension_name(column)
    return f"{label}, {'most first' if name.startswith('-') else 'least first'}"


def _column(option: dict[str, Any], value: Any, key: str, around: Around) -> Any:
    return _select(option, [None, *around["chosen"].get("measures", ())], value, key, _measure_name)


_FIELDS: dict[str, Callable[[dict[str, Any], Any, str, Around], Any]] = {
    "measure": _measure, "measures": _measures, "dimension": _dimension, "dimensions": _dimensions, "period": _period,
    "compare": _compare, "filters": _filters, "choice": _choice, "number": _number, "switch": _switch, "text": _text,
    "thresholds": _thresholds, "colours": _colours, "sort": _sort, "column": _column,
}  # fmt: skip
