"""What changed between two versions of a dashboard, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from metrics_core.model.dashboard import Dashboard, Widget

_NAMED = 3
"""So many widgets are named; of more, how many there are."""


def changes(before: Dashboard, after: Dashboard) -> tuple[str, ...]:
    """What was done to get from one to the other; empty where they are the same."""
    old, new = ({widget.id: widget for widget in dashboard.widgets} for dashboard in (before, after))
    both = [(old[name], new[name]) for name in new if name in old]

    def among(differs: Callable[[Widget, Widget], bool]) -> list[Widget]:
        return [widget for was, widget in both if differs(was, widget)]

    said = [f"renamed it {after.title!r}"] if before.title != after.title else []
    said += _said("added", (widget for name, widget in new.items() if name not in old))
    said += _said("removed", (widget for name, widget in old.items() if name not in new))
    said += _said("changed the kind of", among(lambda was, now: was.kind != now.kind))
    said += _said("changed", among(lambda was, now: was.kind == now.kind and was.spec != now.spec))
    said += _said("renamed", among(lambda was, now: was.title != now.title))
    said += _said("moved", among(lambda was, now: (was.place.x, was.place.y) != (now.place.x, now.place.y)))
    said += _said("resized", among(lambda was, now: (was.place.w, was.place.h) != (now.place.w, now.place.h)))
    rows = (
        ("changed the description", before.description != after.description),
        ("changed who may see it", (before.visibility, before.roles) != (after.visibility, after.roles)),
        ("changed what it opens with", before.state != after.state),
    )
    return (*said, *(words for words, holds in rows if holds))


def _said(verb: str, widgets: Iterable[Widget]) -> list[str]:
    rows = list(widgets)
    if not rows:
        return []
    if len(rows) > _NAMED:
        return [f"{verb} {len(rows)} widgets"]
    return [f"{verb} {', '.join(repr(widget.title or widget.kind) for widget in rows)}"]
