"""Who asks: a person, a key or a link, what they may do, and the part of the data that is theirs to see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from metrics_core.model.query import Filter


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = 1
    """Look at what is shared."""
    ANALYST = 2
    """Ask freely, explain, export, and keep dashboards of their own."""
    MANAGER = 3
    """Share, and change what others share with their role."""
    ADMIN = 4
    """Send, simulate, clear, and say who may do what."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `filters` narrow every figure, row and export they get."""

    name: str
    """What they are known by: an e-mail address, the name of a key, the id of a link."""
    label: str
    role: Role
    filters: tuple[Filter, ...] = ()
    link: str | None = None
    """The id of the share they came by, whose limits hold beside those of the role."""
    permissions: tuple[str, ...] | None = None
    """What they may do, where it is not what their role may."""


LOCAL = Principal("local", "Local administrator", Role.ADMIN)
"""Whoever uses a server on loopback where nobody has to sign in."""

VISITOR = Principal("visitor", "Visitor", Role.VIEWER, permissions=("look", "ask", "export"))
"""Whoever reads where reading is open: where nobody can sign in."""

NOBODY = Principal("nobody", "Not signed in", Role.VIEWER, permissions=())
"""Whoever has not signed in where people do."""


class Noted(Protocol):
    """Told what was done: who, did what, to what, and in a few words what it was before and is now."""

    def __call__(self, who: Principal, did: str, what: str, before: str = "", after: str = "") -> None: ...


def unnoted(who: Principal, did: str, what: str, before: str = "", after: str = "") -> None:
    """Where nobody keeps a record of what was done."""
