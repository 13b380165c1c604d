"""Admin, People and roles: who may do what, what part of the data they see, and who waits for a role."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from metrics_core.access.filters import filters_said
from metrics_core.access.people import Person
from metrics_core.access.roles import ROLES, TITLES
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Role
from pages.parts.admin_fields import narrowing, role_badge, say, told, without_values
from pages.parts.desk import address, count, day_and_time, engine, plain, primary, signs_in, visitor

OPEN = "admin_person"
SHOWN = 50
NEW = "new"
NO_ROLE = "none"
CHOICES = (NO_ROLE, *ROLES)
MEANS = {
    NO_ROLE: "sees nothing, unless a claim of the sign-in gives a role",
    "viewer": "looks at live figures, and at dashboards shown to everyone or to viewers",
    "analyst": "also asks, explains, exports, and keeps dashboards",
    "manager": "also shares, and changes what others show",
    "admin": "also sends, simulates, clears, and says who may do what",
}


def draw() -> None:
    told()
    if not signs_in():
        st.info(
            "Nobody signs in here: whoever reaches this server is let in as it stands. To let people sign in, give "
            "`.streamlit/secrets.toml` a section `[auth]`; docs/people.md shows one. What is entered here counts from "
            "then on.",
            icon=":material/info:",
        )
    people = engine().people.all()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", key="people_search", placeholder="Name, address or role", width=320)
        st.space("stretch")
        if st.button(primary("Add a person", "person_add"), type="primary", key="person_add"):
            st.session_state[OPEN] = NEW
    words = search.casefold().split()
    found = [person for person in people if all(word in _text(person) for word in words)]
    _rows(found)
    if not found:
        st.caption("Nobody is entered yet. Whoever signs in appears here." if not people else "Nobody like that.")
    elif len(found) > SHOWN:
        st.caption(f"{SHOWN} of {count(len(found))}. Search to see others.")
    chosen = st.session_state.get(OPEN)
    if chosen == NEW:
        _dialog(None)
    elif chosen:
        found = [person for person in people if person.email == chosen]
        if found:
            _dialog(found[0])


def _text(person: Person) -> str:
    return f"{person.name} {person.email} {person.told()}".casefold()


def _rows(people: list[Person]) -> None:
    zone, now = engine().calendar.zone, engine().clock.now()
    with st.container(border=bool(people), gap="small"):
        for person in people[:SHOWN]:
            waits = person.role is None and person.active
            seen = "not here yet" if person.seen_at is None else f"here {day_and_time(person.seen_at, zone, now)}"
            sees = "everything" if person.role is Role.ADMIN else filters_said(person.filters)
            standing = (
                ":red-badge[:material/block: Shut out]" if not person.active and not person.appointed
                else ":orange-badge[:material/schedule: Waits for a role]" if waits else role_badge(person.role)
            )  # fmt: skip
            name = plain(person.name or person.email.partition("@")[0])
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(f"**{name}**  \n:small[{address(person.email)} :gray[· {seen}]]", width=300)
                st.markdown(standing, width=170)
                st.markdown("" if waits else f":small[sees {plain(sees)}]", width="stretch")
                if person.appointed:
                    st.markdown(":small[:gray[by ADMIN_EMAILS]]", width="content")
                else:
                    st.button(
                        "Change", key=f"person_{person.email}", on_click=_open, args=(person.email,),
                        help=f"Change what {plain(person.name or person.email)} may do",
                    )  # fmt: skip


def _open(email: str) -> None:
    st.session_state[OPEN] = email


def _close() -> None:
    st.session_state.pop(OPEN, None)


def _dialog(person: Person | None) -> None:
    title = "Add a person" if person is None else plain(person.name or person.email)

    @st.dialog(title, icon=":material/person:", on_dismiss=_close)
    def draw_it() -> None:
        key = f"edit_{person.email if person else NEW}"
        email = person.email if person else st.text_input(
            "E-mail address", key=f"{key}_email", placeholder="rita@example.com", help="The one they sign in with.",
        )  # fmt: skip
        given = person.given.name.lower() if person is not None and person.given else NO_ROLE
        if person is None:
            given = "viewer"
        role = st.selectbox("Role", CHOICES, CHOICES.index(given), key=f"{key}_role", format_func=_title)
        st.caption(f"{MEANS[role][:1].upper()}{MEANS[role][1:]}.")
        if person is not None and person.claimed and role == NO_ROLE:
            st.caption(f"Their sign-in says: {TITLES[person.claimed].lower()}.")
        everything = role == "admin"
        filters = {} if everything else narrowing(person.filters if person else (), key)
        if everything:
            st.caption("An administrator sees everything.")
        active = True if person is None else st.toggle(
            "May come in", person.active, key=f"{key}_active",
            help="Off, they are shut out within seconds, wherever they are.",
        )  # fmt: skip
        with st.container(horizontal=True, horizontal_alignment="right"):
            if person is not None and st.button(
                ":red[Remove]", key=f"{key}_remove", help="Forget them; signing in again enters them anew."
            ):
                _do(lambda: engine().people.remove(person.email, visitor()), f"{person.email} is removed")
            if st.button(primary("Save", "check"), type="primary", key=f"{key}_save"):
                if why := without_values(filters):
                    st.error(why, icon=":material/error:")
                    return
                _do(
                    lambda: engine().people.keep(
                        email, visitor(), role=ROLES.get(role), filters=filters, active=active,
                        expecting=person.version if person else None,
                    ),
                    f"{email} is now {'without a role' if role == NO_ROLE else _title(role).lower()}",
                )  # fmt: skip

    draw_it()


def _do(change: Callable[[], object], sentence: str) -> None:
    try:
        change()
    except PulseboardError as error:
        st.error(str(error), icon=":material/error:")
        return
    say(sentence)
    _close()
    st.rerun()


def _title(role: str) -> str:
    return "No role" if role == NO_ROLE else TITLES[ROLES[role]]
