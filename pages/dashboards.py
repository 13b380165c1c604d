"""Dashboards: widgets on a living grid, arranged by hand, filtered by a click, and shared."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metrics_core.access.roles import allows
from metrics_core.dashboards import rights
from metrics_core.dashboards.default import DEFAULT
from metrics_core.dashboards.document import body_of
from metrics_core.dashboards.sharing import Share
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import NotFoundError, PulseboardError, SavedMeanwhileError
from metrics_core.model.access import Principal
from pages.parts import board_controls as controls
from pages.parts import board_state, board_wire
from pages.parts.board_dialogs import OPEN, dialog, open_dialog
from pages.parts.board_frozen import frozen, frozen_badge
from pages.parts.board_kinds import named, offered
from pages.parts.board_kiosk import kiosk
from pages.parts.board_switch import choices, switcher
from pages.parts.board_who import TOKEN, looking, ticket
from pages.parts.desk import day_and_time, engine, plain, primary, zone_name
from pages.parts.export_button import export_button
from pages.parts.limits import limit_badge

MODE = "board_mode"
ORDER = "board_order"
GIVEN = "board_given"
EVERYTHING = ("period", "compare", "zone", "origin", "refresh")


def draw() -> None:
    who, share = looking()
    if st.context.is_embedded:
        kiosk(who, share, board)
        return
    saved = read(who, share)
    default = State.of(saved.dashboard.state) if share is None else share.state
    state = engine().boards.bound(board_state.opened(saved.id, default), who)[0].floored(floor())
    state = board_state.askable(state, default)
    board_state.keep(state)
    may = rights.allowed(saved.dashboard, who)
    arranging = st.session_state.get(MODE) == saved.id and may["change"]
    head = st.container(key="board_head", gap="xsmall")
    with head:
        if not arranging:
            top(saved, state, who, share, may)
        if said := st.session_state.pop(board_state.SAID, None):
            st.warning(plain(said), icon=":material/warning:")
        if board_state.not_begun(state):
            st.info("This period has not begun: its figures come as it passes.", icon=":material/event_upcoming:")
    others = {TOKEN: st.query_params[TOKEN]} if share else {}
    board_state.write(state, saved.id, saved.version, **others)
    board(saved, state, who, share, mode="arrange" if arranging else "view", may=may)
    dialog(saved, state, who)


def read(who: Principal, share: Share | None) -> Saved:
    """The dashboard to show; the usual one where the one that is named is not there."""
    name = board_state.name_of(DEFAULT) if share is None else share.dashboard
    try:
        return engine().shelf.read(name, who)
    except NotFoundError as error:
        if name == DEFAULT or share is not None:
            raise
        usual = engine().shelf.read(DEFAULT, who)
        st.session_state[board_state.SAID] = f"{error} {usual.dashboard.title} is shown instead."
        st.query_params.clear()
        return usual


def floor() -> int:
    return engine().settings.dashboard_refresh_floor


def top(saved: Saved, state: State, who: Principal, share: Share | None, may: dict[str, bool]) -> None:
    """Title, instant, controls and chips."""
    zone = state.zone or zone_name()
    free = EVERYTHING if share is None else (() if share.frozen_at is not None else share.free)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.title(plain(saved.dashboard.title), anchor=False, width="content")
        if share is None:
            switcher(saved, who)
        elif share.frozen_at is not None:
            frozen_badge(share.frozen_at)
        limit_badge(who)
        st.space("stretch")
        board_wire.pill(zone=zone, frozen=None if share is None or share.frozen_at is None else "Frozen", key="board_pill")
        controls.filters(state, saved.id, who, share)
        export_button(who, share)
        if share is None:
            if may["change"]:
                st.button(
                    "Arrange", icon=":material/dashboard_customize:", key="board_arrange", on_click=arrange, args=(saved.id,)
                )
            if may["share"]:
                label = primary("Share", "share")
                st.button(label, type="primary", key="board_share", on_click=open_dialog, args=("share",))
            choices(saved, may, who)
    board_wire.instant(zone=zone, key="board_instant")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        controls.period(state, free)
        controls.compare(state, free)
        controls.counted(state, free, engine().origin(state.origin)["watermark"])
        st.space("stretch")
        controls.chips(state, share)


def board(
    saved: Saved, state: State, who: Principal, share: Share | None, *, mode: str, may: dict[str, bool]
) -> None:
    """The grid, in one of its modes: view, arrange, kiosk."""
    still = frozen(saved, who, share)
    document = body_of(saved.dashboard) if still is None else still["document"]
    shown = state.body()
    settings = engine().settings
    board_wire.board(
        {
            "id": saved.id, "version": saved.version, "mode": mode, "document": document,
            "state": {**shown, "refresh": 0} if still else shown, "ticket": ticket(who),
            "first": still["answer"] if still else first(saved, state, who), "beside": still["beside"] if still else None,
            "currency": {"code": settings.currency, "digits": settings.currency_digits}, "zone": state.zone or zone_name(),
            "may_arrange": may["change"], "may_connect": share is None and allows(who, "data"),
            "kinds": offered() if mode == "arrange" else named(),
            "settled": st.session_state.get(board_state.WRITTEN, True) is not None, "saved_by": saved_by(saved),
            "explains": allows(who, "explain"), "order": st.session_state.get(ORDER),
        },
        on_act=lambda act: acted(act, saved, who), key="board",
    )  # fmt: skip


def first(saved: Saved, state: State, who: Principal) -> dict[str, Any] | None:
    """The answer that a visitor who just came is painted from, so that the first figures wait for no second question."""
    asked = (saved.id, who.name)
    if st.session_state.get(GIVEN) == asked:
        return None
    st.session_state[GIVEN] = asked
    return engine().boards.data(saved.dashboard, state, who, name=saved.id, version=saved.version)


def saved_by(saved: Saved) -> str:
    if saved.at is None:
        return "As it came with Pulseboard"
    when = day_and_time(saved.at, engine().calendar.zone, engine().clock.now())
    return f"Version {saved.version}, {saved.by_label}, {when}"


# ------------------------------------------------------------------------------------------------------------- what is done


def arrange(name: str) -> None:
    st.session_state[MODE] = name


def acted(act: dict[str, Any], saved: Saved, who: Principal) -> None:
    """What the visitor did in the grid."""
    match act["what"]:
        case "pick":
            board_state.pick(act["dimension"], act["value"])
        case "clear":
            board_state.clear()
        case "arrange":
            arrange(saved.id)
        case "discard":
            st.session_state[MODE] = None
        case "tune":
            open_dialog("settings", widget=act["widget"])
        case "save":
            save(saved.id, act["document"], who, expecting=act["expecting"])
        case "explain":
            open_dialog("explain", widget=act["widget"], measure=act.get("measure"), as_of=act.get("as_of"))
        case "ticket":
            ticket(who, again=True)
        case "data":
            st.session_state["board_go"] = "pages/data.py"


def save(name: str, document: dict[str, Any], who: Principal, *, expecting: int) -> None:
    """Keep what was arranged; who saved meanwhile is said, and the visitor chooses."""
    try:
        engine().shelf.save(name, document, who, expecting=expecting)
    except SavedMeanwhileError as error:
        open_dialog("conflict", document=document, saved=error.saved, sentence=str(error))
    except PulseboardError as error:
        st.session_state[board_state.SAID] = str(error)
    else:
        st.session_state[MODE] = None
        st.session_state[OPEN] = None


if go := st.session_state.pop("board_go", None):
    st.switch_page(go)
draw()
