"""The settings of a widget: a drawer made from the schema of its kind, with the widget as it would be on top."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import BadRequestError
from metrics_core.model.access import Principal
from metrics_core.widgets.kinds import WIDGETS
from pages.parts import board_wire
from pages.parts.board_dialogs import close_dialog, done
from pages.parts.board_fields import field
from pages.parts.board_kinds import starter
from pages.parts.board_who import ticket
from pages.parts.desk import engine, primary, zone_name

GROUPS = {"data": "Data", "time": "Time", "target": "Target", "look": "Look"}
ORDER = "board_order"


def settings(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    widget = what["widget"]
    st.dialog("Widget settings", position="right", width=576, icon=":material/tune:", on_dismiss=close_dialog)(_drawer)(
        saved, state, who, widget, what["number"]
    )


def _drawer(saved: Saved, state: State, who: Principal, widget: dict[str, Any], number: int) -> None:
    preview = st.container()
    names = list(WIDGETS)
    left, right = st.columns(2)
    title = left.text_input(
        "Title", widget["title"], key=f"tune{number}_title", max_chars=120, placeholder="Names itself", live=True
    )
    name = right.selectbox(
        "Drawn as", names, names.index(widget["kind"]), key=f"tune{number}_kind", format_func=lambda it: WIDGETS[it].label
    )
    kind = WIDGETS[name]
    schema = kind.Spec.model_json_schema()
    before = widget["spec"] if name == widget["kind"] else _carried(widget["spec"], schema, starter(kind))
    spec = _options(schema, before, f"tune{number}_{name}", state, who)
    wanted = {**widget, "kind": name, "title": title, "spec": spec}
    try:
        kind.read(spec)
    except BadRequestError as error:
        st.markdown(f":small[:red[:material/error: {error}]]")
        right_now = False
    else:
        right_now = True
    with preview:
        settings_of = engine().settings
        board_wire.preview(
            {
                "id": saved.id, "widget": wanted, "state": state.body(), "ticket": ticket(who),
                "currency": {"code": settings_of.currency, "digits": settings_of.currency_digits},
                "zone": state.zone or zone_name(),
            },
            key="board_preview",
        )  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"tune{number}_cancel"):
            done()
        label = primary("Apply", "check", enabled=right_now)
        if st.button(label, type="primary", key=f"tune{number}_apply", disabled=not right_now):
            order = st.session_state.get(ORDER) or {"n": 0}
            st.session_state[ORDER] = {"n": order["n"] + 1, "widget": wanted}
            done()


def _options(schema: dict[str, Any], spec: dict[str, Any], key: str, state: State, who: Principal) -> dict[str, Any]:
    """A field for every option, by group; the options that differ from what they are without being said."""
    chosen: dict[str, Any] = {}
    # What is shown comes first, what it is narrowed to last.
    options = sorted(schema["properties"].items(), key=lambda row: row[0] == "where")
    groups = {group: [(name, option) for name, option in options if option.get("group") == group] for group in GROUPS}
    shown = [group for group in GROUPS if groups[group]]
    for group, tab in zip(shown, st.tabs([GROUPS[group] for group in shown]), strict=True):
        with tab:
            for name, option in groups[group]:
                given = spec.get(name, option.get("default"))
                value = field(name, option, given, f"{key}_{name}", chosen, state, who)
                if "default" not in option or value != option["default"]:
                    chosen[name] = value
    return chosen


def _carried(spec: dict[str, Any], schema: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """What a widget of another kind takes over: the options both know, and one measure for several."""
    known = schema["properties"]
    carried = {name: value for name, value in spec.items() if name in known and _fits(known[name], value)}
    if "measure" in known and spec.get("measures"):
        carried["measure"] = spec["measures"][0]
    if "measures" in known and spec.get("measure"):
        carried["measures"] = [spec["measure"]]
    return {**usual, **carried}


_SORTS = {"dimensions": list, "measures": list, "dimension": str, "measure": str, "choice": str}


def _fits(option: dict[str, Any], value: Any) -> bool:
    """Whether an option of the same name in another kind can have this value."""
    allowed = option.get("enum")
    return isinstance(value, _SORTS.get(option["ui"], object)) and (not allowed or value in allowed)
