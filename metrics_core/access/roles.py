"""What each role may do: one row a permission."""

from __future__ import annotations

from typing import NamedTuple

from metrics_core.errors import ForbiddenError
from metrics_core.model.access import NOBODY, Principal, Role

ROLES: dict[str, Role] = {role.name.lower(): role for role in Role}
"""Roles by the names that settings, documents and pages use."""

TITLES = {Role.VIEWER: "Viewer", Role.ANALYST: "Analyst", Role.MANAGER: "Manager", Role.ADMIN: "Administrator"}


class Permission(NamedTuple):
    """Something one may do, the least role that may, and how it is called in a sentence."""

    name: str
    role: Role
    what: str


PERMISSIONS: dict[str, Permission] = {
    row.name: row
    for row in (
        Permission("look", Role.VIEWER, "Looking at figures and dashboards"),
        Permission("ask", Role.ANALYST, "Asking questions of one's own"),
        Permission("explain", Role.ANALYST, "Explaining a number down to its rows"),
        Permission("export", Role.ANALYST, "Exporting"),
        Permission("arrange", Role.ANALYST, "Keeping dashboards and presets of one's own"),
        Permission("share", Role.MANAGER, "Sharing"),
        Permission("send", Role.ADMIN, "Sending records"),
        Permission("simulate", Role.ADMIN, "The simulator"),
        Permission("data", Role.ADMIN, "Filling, importing, rebuilding and clearing data"),
        Permission("people", Role.ADMIN, "Saying who may do what"),
    )
}


def allows(who: Principal, permission: str) -> bool:
    """Whether they may; who came by a link may do none of this, whatever the link shows."""
    row = PERMISSIONS[permission]
    if who.link is not None:
        return False
    return who.role >= row.role if who.permissions is None else permission in who.permissions


def require(who: Principal, permission: str) -> None:
    """ForbiddenError, in a sentence that says who may, where they may not."""
    if not allows(who, permission):
        raise ForbiddenError(_why_not(who, PERMISSIONS[permission]))


def of_role(role: Role) -> tuple[str, ...]:
    """Everything a role may do."""
    return tuple(row.name for row in PERMISSIONS.values() if role >= row.role)


def _why_not(who: Principal, row: Permission) -> str:
    if who.link is not None:
        return "This link shows a dashboard and nothing else. Sign in, or send a key, for more."
    verb = "needs" if row.role is Role.ADMIN else "is for"
    whom = {
        Role.VIEWER: "those who have a role here", Role.ANALYST: "analysts and above", Role.MANAGER: "managers and above",
        Role.ADMIN: "an administrator",
    }[row.role]  # fmt: skip
    said = f"{row.what} {verb} {whom}."
    if who == NOBODY:
        return f"{said} Sign in first."
    if who.permissions is not None:
        return f"{said} {who.label} may not."
    title = TITLES[who.role].lower()
    return f"{said} {who.label} is {'an' if title[0] in 'aeiou' else 'a'} {title} here."
