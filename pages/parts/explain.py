"""The drawer that explains a figure: what it means, what moved it, a second count, and the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import streamlit as st

from metrics_core.access.roles import allows
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError
from metrics_core.exports.rows import csv_rows
from metrics_core.model.access import Principal
from metrics_core.model.measure import REGISTRY
from metrics_core.widgets import words
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kinds import WIDGETS
from metrics_core.widgets.numbers import Numbers
from pages.parts.board_dialogs import OPENED, close_dialog
from pages.parts.desk import engine, zone_name
from pages.parts.explain_words import told

Question: TypeAlias = dict[str, Any]

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SHOWN = 10
"""Rows of a page."""
WIDTH = 576
_WIDE = {"Time": 112, "Record": 104, "Kind": 82, "Channel": 68, "Region": 88, "Amount": 80, "Count": 60}
"""Points to a column; what says most is seen without scrolling."""
_KEPT = "explain_kept"
_ASKED = "explain_asked"

_PART = st.components.v2.component(
    "pulseboard_explain",
    html=(ASSETS / "explain.html").read_text(encoding="utf-8"),
    css="\n".join((ASSETS / name).read_text(encoding="utf-8") for name in ("cards.css", "explain.css")),
    js="""
export default async function (component) {
  const { mount } = await import(new URL("assets/explain.js", document.baseURI).href)
  return mount(component)
}
""",
)


def drawer(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """The drawer of a dashboard's figure: `what` names the widget, the measure, and the instant that is shown."""
    widget = next((one for one in saved.dashboard.widgets if one.id == what["widget"]), None)
    if widget is None:
        return
    question, measures = figure_of(widget.kind, widget.spec, state, what.get("as_of"))
    first = what.get("measure") or measures[0]
    explained(question, [first, *(name for name in measures if name != first)], who, what["number"], close=close_dialog)


def explain_button(question: Question, measures: list[str], who: Principal, *, key: str) -> None:
    """A button that opens the drawer on some figures, for those who may have them explained."""
    if not allows(who, "explain"):
        return
    number = f"{key}_number"

    def opened() -> None:
        st.session_state[OPENED] = st.session_state[number] = st.session_state.get(OPENED, 0) + 1

    def closed() -> None:
        st.session_state[number] = None

    st.button("Explain", icon=":material/calculate:", type="tertiary", key=key, on_click=opened)
    if st.session_state.get(number):
        explained(question, measures, who, st.session_state[number], close=closed)


def figure_of(kind: str, spec: Mapping[str, object], state: State, as_of: str | None) -> tuple[Question, list[str]]:
    """The question of a widget's figure, with its own period and filters on those of the dashboard; and its measures."""
    settings = engine().settings
    read = WIDGETS[kind].read(spec)
    frame = Frame(
        over=state.over, now=engine().clock.now(), compare=state.compare, zone=state.zone or zone_name(),
        origin=state.origin, where={name: list(values) for name, values in state.where.items()},
        currency=settings.currency, digits=settings.currency_digits, week_start=engine().calendar.week_start,
    )  # fmt: skip
    named = spec.get("measures") or [spec.get("measure")]
    measures = [str(name) for name in named] if isinstance(named, list | tuple) else [str(named)]
    asked = read.asked(frame, tuple(measures), compare=True)
    question = {name: asked[name] for name in ("over", "where", "compare", "zone", "origin") if name in asked}
    return {"compare": False, **question, **({"as_of": as_of} if as_of else {})}, measures


def explained(
    question: Question, measures: list[str], who: Principal, number: int, *, close: Callable[[], None]
) -> None:
    """Open the drawer on a figure; a new `number` opens it on another."""
    asked = st.session_state.get(_ASKED)
    if asked is None or asked["number"] != number:
        asked = st.session_state[_ASKED] = {"number": number, "path": [(measures[0], None)], "splits": [], "as_of": None}
        st.session_state.pop(_KEPT, None)
    st.dialog("Explain this number", position="right", width=WIDTH, icon=":material/calculate:", on_dismiss=close)(_draw)(
        question, measures, who, asked
    )


def _draw(question: Question, measures: list[str], who: Principal, asked: dict[str, Any]) -> None:
    key = f"explain{asked['number']}"
    path = asked["path"]
    if len(measures) > 1 and len(path) == 1:
        st.pills(
            "Figure", measures, default=path[0][0], required=True, key=f"{key}_measure", label_visibility="collapsed",
            format_func=lambda name: REGISTRY[name].label, on_change=_turn, args=(asked, f"{key}_measure"),
        )  # fmt: skip
    elif len(path) > 1:
        back = REGISTRY[path[-2][0]].label
        st.button(back, icon=":material/arrow_back:", type="tertiary", key=f"{key}_back", on_click=path.pop)
    measure, over = path[-1]
    # A term may be of more than the period; before the first record there is nothing to compare it with.
    wanted: Question = {**question, "measure": measure, **({"over": over, "compare": False} if over else {})}
    try:
        with st.spinner("Counting it again from its rows", show_time=True):
            body = _explanation(wanted, who, asked)
    except PulseboardError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    settings = engine().settings
    week_start = engine().calendar.week_start
    frame = Frame(question["over"], engine().clock.now(), zone=body["window"]["zone"], week_start=week_start)
    numbers = Numbers(settings.currency, settings.currency_digits)
    period = "everything before" if over else words.period(question["over"], frame)

    def acted() -> None:
        _acted(st.session_state[f"{key}_part"].act, asked)

    _PART(key=f"{key}_part", data=told(body, numbers, period), on_act_change=acted)
    _rows({**wanted, "as_of": body["instant"]["asOf"]}, body, who, f"{key}_{len(path)}_{measure}")


def _explanation(wanted: Question, who: Principal, asked: dict[str, Any]) -> dict[str, Any]:
    """The explanation, kept while the drawer is open: what is shown stays what it was when it was opened."""
    kept: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    name = (wanted["measure"], str(wanted["over"]))
    splits = tuple(asked["splits"])
    if (name, splits) not in kept:
        said = {**wanted, **({"as_of": asked["as_of"]} if asked["as_of"] else {})}
        body = kept[name, ()] = kept.get((name, ())) or engine().explain(said, who)
        asked["as_of"] = body["instant"]["asOf"]
        if splits:
            more = engine().explain({**said, "as_of": asked["as_of"], "dimensions": list(splits)}, who)
            shown = [*more["contributions"], *(row for row in body["contributions"] if row["dimension"] not in splits)]
            body = {**body, "contributions": shown, "unsplit": [row for row in body["unsplit"] if row not in splits]}
        kept[name, splits] = body
    found: dict[str, Any] = kept[name, splits]
    return found


def _acted(act: dict[str, Any] | None, asked: dict[str, Any]) -> None:
    if not act:
        return
    if act["what"] == "term" and act["measure"] in REGISTRY:
        asked["path"].append((act["measure"], act.get("over")))
        asked["splits"] = []
    elif act["what"] == "split":
        asked["splits"] = [act["dimension"]]


def _turn(asked: dict[str, Any], key: str) -> None:
    asked["path"], asked["splits"] = [(st.session_state[key], None)], []


# ----------------------------------------------------------------------------------------------------------------- rows


def _rows(question: Question, body: Mapping[str, Any], who: Principal, key: str) -> None:
    """The rows behind the figure: a page of them, a search, and all of them as a file."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown("**Rows**", width="content")
        said = st.empty()
        st.space("stretch")
        search = st.text_input(
            "Search rows", placeholder="Search rows", key=f"{key}_search", label_visibility="collapsed", width=150,
            icon=":material/search:", max_chars=200,
        )  # fmt: skip
        st.download_button(
            "Export", lambda: _file(question, who, search), f"{question['measure']}-rows.csv", "text/csv",
            icon=":material/download:", key=f"{key}_export", on_click="ignore", help="All of these rows as CSV",
        )  # fmt: skip
    places: list[str | None] = st.session_state.setdefault(f"{key}_places", [None])
    if st.session_state.get(f"{key}_searched", "") != search:
        st.session_state[f"{key}_searched"] = search
        places[:] = [None]
    page = engine().explained_rows(question, who, search=search, after=places[-1], limit=SHOWN)
    rows = page["rows"]
    first = SHOWN * (len(places) - 1)
    count = body["rows"]["count"]
    of = "" if search else f" of {'' if body['rows']['exact'] else 'at most '}{count:,}"
    said.caption(f"{first + 1:,} to {first + len(rows):,}{of}, newest first" if rows else "none found" if search else "none")
    if rows:
        st.dataframe(
            _table(rows), hide_index=True, key=f"{key}_table", alt="The rows behind the figure, newest first",
            placeholder="", height=37 + 28 * len(rows), row_height=28, column_config={
                **{name: st.column_config.Column(width=wide) for name, wide in _WIDE.items()},
                "Amount": st.column_config.NumberColumn(
                    format=f"%.{engine().settings.currency_digits}f", width=_WIDE["Amount"]
                ),
            },
        )  # fmt: skip
    if len(places) > 1 or page["next"]:
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            st.button(
                "Newer", icon=":material/chevron_left:", key=f"{key}_newer", disabled=len(places) == 1, on_click=places.pop
            )
            st.button(
                "Older", icon=":material/chevron_right:", key=f"{key}_older", disabled=page["next"] is None,
                on_click=places.append, args=(page["next"],),
            )  # fmt: skip


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """What is shown of the rows: the columns that any of them says something in."""
    table = pd.DataFrame([
        {
            "Time": _time(row["at"]), "Record": row["record"], "Kind": row["kind"].removeprefix("order_"),
            "Channel": row["channel"], "Region": row["region"], "Amount": row["amount"], "Count": row["count"],
            "Content": row["content"], "Feature": row["feature"], "User": row["user"], "Staff": row["staff"],
            "Products": ", ".join(row["products"]),
        }
        for row in rows
    ])  # fmt: skip
    told_ = [name for name in table if table[name].replace("", None).notna().any()]
    if "Amount" in told_ or (table["Count"] == 1).all():
        told_ = [name for name in told_ if name != "Count"]
    return table[told_]


def _time(at: str) -> str:
    when = datetime.fromisoformat(at)
    return f"{when:%d %b} {when:%H:%M:%S}"


def _file(question: Question, who: Principal, search: str) -> bytes:
    query, facts = engine().explained_facts(question, who, search=search)
    return b"".join(csv_rows(facts, query, engine().settings.currency_digits))
