"""Presets: states that people gave a name, on a dashboard or on all of them, for themselves or for everyone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from metrics_core.clock import Clock
from metrics_core.dashboards.rights import may_create, require
from metrics_core.dashboards.state import State
from metrics_core.errors import BadRequestError, NotFoundError
from metrics_core.model.access import Noted, Principal, Role, unnoted
from metrics_core.model.instant import iso
from metrics_core.store.protocols import Catalog, Document

SHELF = "presets"
LONGEST_NAME = 80
MOST = 100
"""Presets of one person."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A state with a name."""

    id: str
    name: str
    dashboard: str
    owner: str
    shared: bool
    """Everyone who sees the dashboard may choose it."""
    state: State

    def body(self, who: Principal) -> dict[str, object]:
        return {
            "id": self.id, "name": self.name, "dashboard": self.dashboard, "shared": self.shared,
            "mine": self.owner == who.name, "state": self.state.body(),
        }  # fmt: skip


class Presets:
    """The presets there are."""

    def __init__(self, catalog: Catalog, clock: Clock, *, noted: Noted = unnoted) -> None:
        self._catalog = catalog
        self._clock = clock
        self._noted = noted

    def of(self, dashboard: str, who: Principal) -> list[Preset]:
        """What a person may choose on a dashboard, by name. Who came by a link has what the link allows instead."""
        if who.link is not None:
            return []
        found = [preset for preset in map(_preset, self._catalog.find(SHELF)) if preset.dashboard == dashboard]
        return sorted(
            (preset for preset in found if preset.shared or preset.owner == who.name), key=lambda preset: preset.name.lower()
        )

    def save(self, dashboard: str, name: str, state: State, who: Principal, *, shared: bool = False) -> Preset:
        """Keep a state under a name; the same name of the same person on the same dashboard again replaces it."""
        require(may_create(who), "Presets are kept by analysts and above. Copy the link instead: it has the same in it.")
        require(not shared or who.role >= Role.MANAGER, "A preset for everyone is made by managers. Keep it for yourself.")
        plain = name.strip()
        if not plain or len(plain) > LONGEST_NAME:
            msg = f"A preset has a name of 1 to {LONGEST_NAME} characters."
            raise BadRequestError(msg)
        mine = [preset for preset in map(_preset, self._catalog.find(SHELF)) if preset.owner == who.name]
        same = next((row for row in mine if row.dashboard == dashboard and row.name == plain), None)
        if same is None and len(mine) >= MOST:
            msg = f"You have {MOST} presets, which is all there can be. Delete one first."
            raise BadRequestError(msg)
        preset = Preset(same.id if same else secrets.token_hex(6), plain, dashboard, who.name, shared, state)
        self._catalog.put(SHELF, preset.id, {
            "name": plain, "dashboard": dashboard, "owner": who.name, "shared": shared, "state": state.body(),
            "saved_at": iso(self._clock.now()),
        })  # fmt: skip
        whose = "for everyone" if shared else "for themselves"
        self._noted(who, "preset.save", f"{dashboard}/{plain}", "" if same is None else "there before", whose)
        return preset

    def delete(self, dashboard: str, preset: str, who: Principal) -> None:
        kept = self._catalog.get(SHELF, preset)
        if kept is None or kept.body["dashboard"] != dashboard or who.link is not None:
            msg = "There is no such preset on this dashboard."
            raise NotFoundError(msg)
        mine = kept.body["owner"] == who.name or who.role is Role.ADMIN
        require(mine, "This preset is somebody else's. Only they and administrators delete it.")
        self._catalog.drop(SHELF, preset)
        self._noted(who, "preset.delete", f"{dashboard}/{kept.body['name']}")


def _preset(kept: Document) -> Preset:
    body = kept.body
    return Preset(
        kept.name, str(body["name"]), str(body["dashboard"]), str(body["owner"]), bool(body["shared"]),
        State.of(body["state"]),
    )  # fmt: skip
