"""A dashboard as JSON, there and back: every name in it known, every setting understood, or refused in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from metrics_core.dashboards import layout
from metrics_core.dashboards.state import State
from metrics_core.errors import BadRequestError
from metrics_core.model.access import Role
from metrics_core.model.dashboard import Dashboard, Place, Visibility, Widget
from metrics_core.reads.names import is_list, known, quoted
from metrics_core.reads.where import text_of
from metrics_core.widgets.kind import WidgetKind

Kinds: TypeAlias = Mapping[str, WidgetKind[Any]]

MOST_WIDGETS = 60
LONGEST_TITLE = 120
LONGEST_DESCRIPTION = 2_000
ROLES = tuple(role.name.lower() for role in Role)

FIELDS = ("title", "description", "owner", "visibility", "roles", "state", "widgets")
_WIDGET_FIELDS = ("id", "kind", "title", "spec", "place")
_PLACE_FIELDS = ("x", "y", "w", "h")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_document(body: object, kinds: Kinds, *, owner: str) -> Dashboard:
    """The dashboard that a document describes, with this owner whatever it says; BadRequestError where it cannot be."""
    said = _fields(body, "a dashboard", FIELDS)
    widgets = _widgets(said.get("widgets"), kinds)
    layout.check(widgets, {kind.name: kind.smallest for kind in kinds.values()})
    visibility = Visibility(known("visibility", said.get("visibility", "private"), [str(one) for one in Visibility]))
    roles = tuple(dict.fromkeys(known("role", role, ROLES) for role in _list(said.get("roles", ()), "roles")))
    if visibility is Visibility.ROLES and not roles:
        msg = f"A dashboard that is shown by role names at least one: {', '.join(ROLES)}."
        raise BadRequestError(msg)
    return Dashboard(
        title=_text(said.get("title"), "The title of a dashboard", LONGEST_TITLE, needed=True),
        description=_text(said.get("description", ""), "The description of a dashboard", LONGEST_DESCRIPTION),
        owner=owner,
        visibility=visibility,
        roles=roles if visibility is Visibility.ROLES else (),
        state=State.of(said.get("state")).body(),
        widgets=widgets,
    )


def read_widget(body: object, kinds: Kinds) -> Widget:
    """One widget of a document."""
    said = _fields(body, "a widget", _WIDGET_FIELDS)
    name = said.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        msg = f"The id of a widget is 1 to 64 letters, digits, - and _, like w1; {quoted(name)} is not."
        raise BadRequestError(msg)
    kind = kinds[known("kind of widget", said.get("kind"), kinds)]
    title = _text(said.get("title", ""), "The title of a widget", LONGEST_TITLE)
    place = said.get("place", {"x": 0, "y": 0, "w": kind.size[0], "h": kind.size[1]})
    spec = said.get("spec", {})
    try:
        kind.read(spec)
    except BadRequestError as error:
        msg = f"In {title or name!r}: {error}"
        raise BadRequestError(msg) from None
    return Widget(name, kind.name, title, dict(spec) if isinstance(spec, Mapping) else {}, _place(place, name))


def body_of(dashboard: Dashboard) -> dict[str, object]:
    """The document of a dashboard."""
    return {
        "title": dashboard.title, "description": dashboard.description, "owner": dashboard.owner,
        "visibility": str(dashboard.visibility), "roles": list(dashboard.roles), "state": dict(dashboard.state),
        "widgets": [widget_body(widget) for widget in dashboard.widgets],
    }  # fmt: skip


def anonymous(dashboard: Dashboard) -> Dashboard:
    """The same without the person it belongs to and those it is shown to."""
    return replace(dashboard, owner="", visibility=Visibility.PRIVATE, roles=())


def widget_body(widget: Widget) -> dict[str, object]:
    place = widget.place
    return {
        "id": widget.id, "kind": widget.kind, "title": widget.title, "spec": dict(widget.spec),
        "place": {"x": place.x, "y": place.y, "w": place.w, "h": place.h},
    }  # fmt: skip


def kept_document(body: Mapping[str, Any]) -> Dashboard:
    """The dashboard of a document that was checked when it was kept; what its widgets mean is seen when they are drawn."""
    return Dashboard(
        title=body["title"], description=body["description"], owner=body["owner"],
        visibility=Visibility(body["visibility"]), roles=tuple(body["roles"]), state=body["state"],
        widgets=tuple(
            Widget(row["id"], row["kind"], row["title"], row["spec"], Place(**row["place"])) for row in body["widgets"]
        ),
    )  # fmt: skip


def _widgets(rows: object, kinds: Kinds) -> tuple[Widget, ...]:
    found = [read_widget(row, kinds) for row in _list(rows if rows is not None else (), "widgets")]
    if len(found) > MOST_WIDGETS:
        msg = f"A dashboard has at most {MOST_WIDGETS} widgets, and this one has {len(found)}. Make two of it."
        raise BadRequestError(msg)
    ids = [widget.id for widget in found]
    for name in ids:
        if ids.count(name) > 1:
            msg = f"Two widgets have the id {name!r}. Give each its own."
            raise BadRequestError(msg)
    return tuple(found)


def _place(place: object, widget: str) -> Place:
    said = _fields(place, f"the place of widget {widget!r}", _PLACE_FIELDS)
    numbers = [said.get(name) for name in _PLACE_FIELDS]
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        msg = f'The place of widget {widget!r} is whole columns and rows, like {{"x": 0, "y": 0, "w": 3, "h": 2}}.'
        raise BadRequestError(msg)
    return Place(*numbers)  # type: ignore[arg-type]


def _fields(body: object, what: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        msg = f"{what.capitalize()} is a JSON object with {', '.join(names)}; {quoted(body)} is not."
        raise BadRequestError(msg)
    for name in body:
        known(f"field of {what}", name, names)
    return body


def _list(rows: object, field: str) -> list[object]:
    if not is_list(rows):
        msg = f"`{field}` is a list; {quoted(rows)} is not."
        raise BadRequestError(msg)
    return list(rows)


def _text(text: object, what: str, most: int, *, needed: bool = False) -> str:
    if not isinstance(text, str):
        msg = f"{what} is text; {quoted(text)} is not."
        raise BadRequestError(msg)
    plain = text.strip()
    if needed and not plain:
        msg = f"{what} is empty. Give it a name by which people find it."
        raise BadRequestError(msg)
    if len(plain) > most:
        msg = f"{what} has {len(plain):,} characters, more than {most:,}."
        raise BadRequestError(msg)
    return text_of(plain, "text") if len(plain) <= 1_000 else text_of(plain[:1_000], "text") + text_of(plain[1_000:], "text")
