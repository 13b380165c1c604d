"""Dialogs around a dashboard as a thing: saved by two, its versions, its name, a new one, its end, its place on a wall."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from metrics_core.dashboards.default import TEMPLATES
from metrics_core.dashboards.document import body_of
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal, Role
from metrics_core.model.dashboard import Visibility
from pages.parts import board_state
from pages.parts.board_dialogs import close_dialog, done
from pages.parts.board_switch import go
from pages.parts.desk import day_and_time, engine, instant_of, plain, primary

MODE = "board_mode"
BLANK = "blank"
SEEN_BY = {Visibility.PRIVATE: "Only you", Visibility.ROLES: "Some roles", Visibility.EVERYONE: "Everyone here"}


def _when(at: Any) -> str:
    return "" if at is None else day_and_time(instant_of(at) or 0, engine().calendar.zone, engine().clock.now())


def conflict(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """Somebody saved meanwhile: who, what, and what now."""
    theirs = what["saved"]

    heading = f"{plain(theirs['by'])} saved version {theirs['version']}"

    @st.dialog(heading, icon=":material/call_split:", on_dismiss=close_dialog)
    def draw() -> None:
        st.markdown(f"{_when(theirs['at'])}: {plain(', '.join(theirs['changes'])) or 'changed it'}.")
        st.caption("Yours is kept in this tab until you decide.")
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.link_button("See theirs", f"dashboards?{urlencode({'d': saved.id})}", icon=":material/open_in_new:")
            if st.button("Keep arranging"):
                done()
            if st.button(primary(f"Save mine as {theirs['version'] + 1}"), type="primary", key="conflict_save"):
                try:
                    engine().shelf.save(saved.id, what["document"], who, expecting=theirs["version"])
                except PulseboardError as error:
                    st.session_state[board_state.SAID] = str(error)
                else:
                    st.session_state[MODE] = None
                done()

    draw()


def versions(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """Who saved what when, and the way back to it."""

    @st.dialog("Versions", width="medium", icon=":material/history:", on_dismiss=close_dialog)
    def draw() -> None:
        rows = engine().shelf.versions(saved.id, who)
        if len(rows) == 1 and rows[0].version == 0:
            st.caption("Nobody has changed it since it came with Pulseboard.")
        for row in rows if rows[0].version else ():
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(f"**{row.version}**", width=28)
                changes = plain(", ".join(row.changes)) or "saved it"
                st.markdown(f"{plain(row.by_label)} {changes}  \n:small[:gray[{_when(row.at)}]]", width="stretch")
                if row.version == saved.version:
                    st.markdown(":small[:gray[shown now]]", width="content")
                elif st.button("Restore", key=f"restore_{row.version}", help="It becomes the newest; nothing is lost"):
                    _restore(saved, row.version, who)
        if len(rows) > 1:
            st.caption("The newest and twenty before it are kept.")

    draw()


def _restore(saved: Saved, version: int, who: Principal) -> None:
    try:
        engine().shelf.restore(saved.id, version, who, expecting=saved.version)
    except PulseboardError as error:
        st.session_state[board_state.SAID] = str(error)
    done()


def details(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """Its title, what it is for, who sees it, and what it opens with."""

    @st.dialog("Details", icon=":material/edit_note:", on_dismiss=close_dialog)
    def draw() -> None:
        before = saved.dashboard
        title = st.text_input("Title", before.title, key="details_title")
        description = st.text_area(
            "What it is for", before.description, key="details_description", height=90
        )
        shares = who.role >= Role.MANAGER
        names = list(Visibility)
        visibility = st.segmented_control(
            "Who sees it", names, default=before.visibility, required=True, format_func=lambda it: SEEN_BY[it],
            disabled=not shares, key="details_visibility", help=None if shares else "Managers decide who sees a dashboard.",
        )  # fmt: skip
        roles = list(before.roles)
        if visibility is Visibility.ROLES:
            every = [role.name.lower() for role in Role if role is not Role.ADMIN]
            roles = st.multiselect("Roles", every, [one for one in roles if one in every], key="details_roles",
                                   format_func=str.capitalize)  # fmt: skip
        opens = st.checkbox("Open with the period and filters as they are now", key="details_state")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="details_cancel"):
                done()
            if st.button(primary("Save", "check"), type="primary", key="details_save"):
                document = body_of(before) | {
                    "title": title, "description": description, "visibility": str(visibility), "roles": roles,
                    "state": state.body() if opens else dict(before.state),
                }  # fmt: skip
                try:
                    engine().shelf.save(saved.id, document, who, expecting=saved.version)
                except PulseboardError as error:
                    st.error(str(error), icon=":material/error:")
                else:
                    done()

    draw()


def new(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """A new dashboard: empty, from a template, or from a file."""

    @st.dialog("New dashboard", icon=":material/add:", on_dismiss=close_dialog)
    def draw() -> None:
        title = st.text_input("Title", placeholder="Sales in Europe", key="new_title")
        start = st.radio(
            "Start with", [BLANK, *TEMPLATES], key="new_template",
            format_func=lambda it: "An empty grid" if it == BLANK else TEMPLATES[it].title,
            captions=["Add widgets one by one.", *(row.description for row in TEMPLATES.values())],
        )  # fmt: skip
        file = st.file_uploader("Or a layout that was saved as a file", type="json", key="new_file", max_upload_size=1)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="new_cancel"):
                done()
            if st.button(primary("Import" if file else "Create", "add"), type="primary", key="new_create"):
                try:
                    made = _brought(file.getvalue(), who) if file else _made(title, start, who)
                except PulseboardError as error:
                    st.error(str(error), icon=":material/error:")
                    return
                go(made.id)
                st.session_state[MODE] = None if file else made.id
                done()

    draw()


def _made(title: str, start: str, who: Principal) -> Saved:
    plain = {"title": title or "Untitled", "visibility": "private", "widgets": []}
    if start != BLANK:
        template = body_of(TEMPLATES[start])
        plain = {**template, "title": title or f"{template['title']} of mine", "visibility": "private", "roles": []}
    return engine().shelf.create(plain, who)


def _brought(content: bytes, who: Principal) -> Saved:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    return engine().shelf.bring(body, who)


def layout(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """The dashboard as a file, to be imported here or elsewhere."""

    @st.dialog("Layout as a file", icon=":material/data_object:", on_dismiss=close_dialog)
    def draw() -> None:
        st.markdown("Widgets, places and settings, without any data. “New dashboard” takes the file, here or elsewhere.")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Close", key="layout_close"):
                done()
            content = json.dumps(engine().shelf.export(saved.id, who), indent=2)
            st.download_button(
                primary("Download", "download"), content, f"{saved.id}.json", "application/json", type="primary",
                key="layout_file", on_click="ignore",
            )  # fmt: skip

    draw()


def delete(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """Its end, asked for once."""
    template = saved.id in TEMPLATES

    heading = "Back to how it came?" if template else f"Delete {plain(saved.dashboard.title)}?"

    @st.dialog(heading, on_dismiss=close_dialog)
    def draw() -> None:
        st.markdown(
            "All that was changed in it goes, with its versions and its links. The template stays." if template
            else "The dashboard goes, with its versions and its links. The data stays as it is."
        )  # fmt: skip
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Keep it", key="delete_keep"):
                done()
            if st.button(":red[Delete]", icon=":material/delete:", key="delete_now"):
                try:
                    engine().shelf.delete(saved.id, who)
                except PulseboardError as error:
                    st.session_state[board_state.SAID] = str(error)
                else:
                    go(saved.id if template else next(iter(TEMPLATES)))
                done()

    draw()


def kiosk(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """A screen on the wall: one dashboard, or several in turn."""

    @st.dialog("Full screen", icon=":material/tv:", on_dismiss=close_dialog)
    def draw() -> None:
        titles = {row.id: row.dashboard.title for row in engine().shelf.all(who)}
        names = st.multiselect("Dashboards, in turn", list(titles), [saved.id], key="kiosk_names", format_func=titles.get)
        seconds = st.number_input("Seconds each", 5, 3600, 30, key="kiosk_seconds", disabled=len(names) < 2)
        turns = {"rotate": ",".join(names), "every": str(seconds)} if len(names) > 1 else {}
        one = engine().links.params(state, (names or [saved.id])[0]) if not turns else {}
        address = f"dashboards?{urlencode({**one, **turns, 'embed': 'true'})}"
        st.caption("No menus and no buttons; larger. F11 fills the screen.")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="kiosk_cancel"):
                done()
            st.link_button(primary("Open", "open_in_new"), address, type="primary", disabled=not names)

    draw()
