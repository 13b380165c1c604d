"""The shelf of dashboards: made, saved against the version that was read, kept twenty versions back, and restored."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from metrics_core.cache import Kept
from metrics_core.clock import Clock
from metrics_core.dashboards import rights
from metrics_core.dashboards.changes import changes
from metrics_core.dashboards.default import OWNER, TEMPLATES
from metrics_core.dashboards.document import Kinds, anonymous, body_of, kept_document, read_document
from metrics_core.dashboards.sharing import Share, Shares
from metrics_core.errors import BadRequestError, ConflictError, NotFoundError, SavedMeanwhileError, StoreAwayError
from metrics_core.model.access import Noted, Principal, Role, unnoted
from metrics_core.model.dashboard import Dashboard, Visibility
from metrics_core.model.instant import SECOND, Instant, iso, moment
from metrics_core.store.protocols import Catalog, Document

SHELF = "dashboards"
VERSIONS_BACK = 20
FORMAT = 1
"""Of exported dashboards."""
GLANCE_SECONDS = 2.0
"""So long may what another process saved stay unseen by those who only look."""


@dataclass(frozen=True, slots=True)
class Saved:
    """One version of a dashboard, and who made it. Version 0 is a template that nobody changed yet."""

    id: str
    version: int
    dashboard: Dashboard
    by: str
    by_label: str
    at: Instant | None
    changes: tuple[str, ...]

    def told(self) -> dict[str, object]:
        """Who saved what when."""
        at = None if self.at is None else iso(self.at)
        return {"version": self.version, "by": self.by_label, "at": at, "changes": list(self.changes)}


class Shelf:
    """The dashboards there are. Whoever may not see one is told that there is none."""

    def __init__(
        self, catalog: Catalog, clock: Clock, *, shares: Shares, kinds: Kinds, zone: ZoneInfo,
        noted: Noted = unnoted,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._shares = shares
        self._kinds = kinds
        self._zone = zone
        self._noted = noted
        self._glanced: Kept[str, tuple[Instant, Saved]] = Kept(clock, most=500)

    # ---------------------------------------------------------------------------------------------------------- looking

    def all(self, who: Principal) -> list[Saved]:
        """Every dashboard somebody may see, the templates first, then by title."""
        if who.link is not None:
            return [self.read(self._shares.current(who.link).dashboard, who)]
        kept = {document.name: _saved(document) for document in self._catalog.find(SHELF)}
        found = [kept.pop(name) if name in kept else _template(name) for name in TEMPLATES]
        found += sorted(kept.values(), key=lambda saved: (saved.dashboard.title.casefold(), saved.id))
        return [saved for saved in found if rights.may_see(saved.dashboard, who)]

    def read(self, name: str, who: Principal) -> Saved:
        """A dashboard as it is now; NotFoundError where there is none, or none for them."""
        return self._seen(self._newest(name), name, who)

    def glance(self, name: str, who: Principal) -> Saved:
        """`read` for those who look again and again: what another process saved shows a moment later, and while the
        database is away they have what they had."""
        now = self._clock.now()
        read_at, saved = self._glanced.get(name) or (None, None)
        if read_at is None or not 0 <= now - read_at < GLANCE_SECONDS * SECOND:
            try:
                saved = self._newest(name)
            except StoreAwayError:
                if saved is None:
                    raise
            if saved is not None:
                self._glanced.put(name, (now, saved))
        return self._seen(saved, name, who)

    def versions(self, name: str, who: Principal) -> list[Saved]:
        """The newest version and those before it, as far as they are kept."""
        saved = self._own(name, who)
        return [saved, *(_saved(row, name) for row in sorted(self._history(name), key=_version, reverse=True))]

    def at_version(self, name: str, version: int, who: Principal) -> Saved:
        """One version of a dashboard."""
        for saved in self.versions(name, who):
            if saved.version == version:
                return saved
        msg = f"Version {version} of this dashboard is not kept. The newest and {VERSIONS_BACK} before it are."
        raise NotFoundError(msg)

    # --------------------------------------------------------------------------------------------------------- changing

    def create(self, document: object, who: Principal) -> Saved:
        """A new dashboard, which belongs to them."""
        rights.require(rights.may_create(who), _NO_MAKER)
        dashboard = read_document(document, self._kinds, owner=who.name)
        _check_audience(None, dashboard, who)
        return self._create(dashboard, who, ("made it",))

    def save(self, name: str, document: object, who: Principal, *, expecting: int) -> Saved:
        """Save over the version that was read; SavedMeanwhileError, saying who saved what, where it is not the newest."""
        before = self._own(name, who)
        rights.require(rights.may_change(before.dashboard, who), _no_changer(before))
        if before.version != expecting:
            raise self._overtaken(before, expecting)
        after = read_document(document, self._kinds, owner=before.dashboard.owner)
        _check_audience(before.dashboard, after, who)
        done = changes(before.dashboard, after)
        return self._save(before, after, who, done) if done else before

    def restore(self, name: str, version: int, who: Principal, *, expecting: int) -> Saved:
        """Make an earlier version the newest one; the ones between stay in the history."""
        before = self._own(name, who)
        rights.require(rights.may_change(before.dashboard, who), _no_changer(before))
        wanted = self.at_version(name, version, who)
        if before.version != expecting:
            raise self._overtaken(before, expecting)
        _check_audience(before.dashboard, wanted.dashboard, who)
        return self._save(before, wanted.dashboard, who, (f"restored version {version}",), did="dashboard.restore")

    def duplicate(self, name: str, who: Principal, title: str | None = None) -> Saved:
        """A copy that belongs to them and that only they see."""
        saved = self._own(name, who)
        rights.require(rights.may_create(who), _NO_MAKER)
        copy = replace(
            saved.dashboard, title=title or f"{saved.dashboard.title} (copy)"[:120], owner=who.name,
            visibility=Visibility.PRIVATE, roles=(),
        )  # fmt: skip
        copy = read_document(body_of(copy), self._kinds, owner=who.name)
        return self._create(copy, who, (f"copied it from {saved.dashboard.title!r}",))

    def delete(self, name: str, who: Principal) -> None:
        """Remove a dashboard, its versions, and its links. A template is then as it came."""
        saved = self._own(name, who)
        if saved.version == 0:
            msg = f"{saved.dashboard.title} comes with Pulseboard and stays. Nobody has changed it."
            raise ConflictError(msg)
        rights.require(rights.may_delete(saved.dashboard, who), "Only its owner and administrators delete a dashboard.")
        self._shares.end_all(name, who)
        self._catalog.drop(SHELF, name)
        for row in self._history(name):
            self._catalog.drop(row.shelf, row.name)
        self._glanced.drop(name)
        self._noted(who, "dashboard.delete", name, before=f"{saved.dashboard.title}, version {saved.version}")

    # ------------------------------------------------------------------------------------------------------ in and out

    def export(self, name: str, who: Principal) -> dict[str, object]:
        """The dashboard as a file that `bring` takes, here or elsewhere; it names nobody."""
        body = body_of(self._own(name, who).dashboard)
        return {"pulseboard": FORMAT, "dashboard": {key: body[key] for key in ("title", "description", "state", "widgets")}}

    def bring(self, body: object, who: Principal) -> Saved:
        """A new dashboard from an exported one."""
        if not isinstance(body, Mapping) or body.get("pulseboard") != FORMAT or "dashboard" not in body:
            msg = f"This is no exported dashboard: one has `pulseboard` (its format, {FORMAT}) and `dashboard`."
            raise BadRequestError(msg)
        rights.require(rights.may_create(who), _NO_MAKER)
        said = body["dashboard"]
        if isinstance(said, Mapping):
            said = {key: value for key, value in said.items() if key not in ("owner", "visibility", "roles")}
        return self._create(read_document(said, self._kinds, owner=who.name), who, ("imported it",))

    # ---------------------------------------------------------------------------------------------------------- inside

    def _newest(self, name: str) -> Saved | None:
        kept = self._catalog.get(SHELF, name) if _ID.fullmatch(name) else None
        if kept is not None:
            return _saved(kept)
        return _template(name) if name in TEMPLATES else None

    def _seen(self, saved: Saved | None, name: str, who: Principal) -> Saved:
        if saved is not None and who.link is not None:
            share = self._shares.current(who.link)
            if share.dashboard == name:
                return self._sent(saved, share)
        elif saved is not None and rights.may_see(saved.dashboard, who):
            return saved
        msg = f"There is no dashboard {name[:80]!r}, or it is not shown to you."
        raise NotFoundError(msg)

    def _sent(self, saved: Saved, share: Share) -> Saved:
        """A dashboard as a link shows it: it opens as it was sent, a frozen one is as it was, and nobody is named."""
        dashboard = saved.dashboard
        if share.frozen_at is not None:
            dashboard = kept_document(self._shares.frozen(share.id)["document"])
        dashboard = replace(anonymous(dashboard), state=share.state.body())
        return replace(saved, dashboard=dashboard, by="", by_label="", changes=())

    def _own(self, name: str, who: Principal) -> Saved:
        """A dashboard for more than looking at it: nothing of that is done by a link."""
        rights.require(who.link is None, "This link shows a dashboard and nothing else. Sign in to work with it.")
        return self.read(name, who)

    def _create(self, dashboard: Dashboard, who: Principal, done: tuple[str, ...]) -> Saved:
        while True:
            name = f"{_slug(dashboard.title)}-{secrets.token_hex(2)}"
            try:
                kept = self._catalog.put(SHELF, name, self._body(dashboard, who, done), expecting=0)
            except ConflictError:
                continue
            self._noted(who, "dashboard.create", name, after=f"{dashboard.title}: {', '.join(done)}")
            return _saved(kept)

    def _save(
        self, before: Saved, after: Dashboard, who: Principal, done: tuple[str, ...], *, did: str = "dashboard.save"
    ) -> Saved:
        # What is overwritten goes into the history first: a version is always the same, so writing it twice does no harm.
        if before.version:
            self._catalog.put(_history_of(before.id), f"{before.version:08d}", _kept(before))
        try:
            kept = self._catalog.put(SHELF, before.id, self._body(after, who, done), expecting=before.version)
        except ConflictError:
            newest = self._newest(before.id)
            if newest is None or newest.version == before.version:
                raise
            raise self._overtaken(newest, before.version) from None
        saved = _saved(kept)
        self._glanced.put(saved.id, (self._clock.now(), saved))
        for row in self._history(saved.id):
            if _version(row) < saved.version - VERSIONS_BACK:
                self._catalog.drop(row.shelf, row.name)
        versions = [f"version {row.version}, {row.dashboard.visibility}" for row in (before, saved)]
        self._noted(who, did, saved.id, versions[0], f"{versions[1]}: {', '.join(done)}")
        return saved

    def _body(self, dashboard: Dashboard, who: Principal, done: tuple[str, ...]) -> dict[str, object]:
        return {
            "document": body_of(dashboard), "by": who.name, "by_label": who.label, "at": self._clock.now(),
            "changes": list(done),
        }  # fmt: skip

    def _history(self, name: str) -> list[Document]:
        return self._catalog.find(_history_of(name))

    def _overtaken(self, newest: Saved, expected: int) -> SavedMeanwhileError:
        when = "" if newest.at is None else f" at {moment(newest.at, self._zone):%H:%M on %d %B %Y}"
        msg = (
            f"{newest.by_label} saved version {newest.version} of this dashboard{when} and {' and '.join(newest.changes)}, "
            f"while you had version {expected}. Look at theirs, or save yours over it by expecting version {newest.version}."
        )
        return SavedMeanwhileError(msg, saved=newest.told())


_ID = re.compile(r"[a-z0-9-]{1,64}")
_NO_MAKER = "Dashboards of one's own are kept by analysts and above."


def _no_changer(saved: Saved) -> str:
    return f"{saved.dashboard.title!r} is not yours to change. Make a copy, and change that."


def _check_audience(before: Dashboard | None, after: Dashboard, who: Principal) -> None:
    now = (after.visibility, after.roles)
    same = before is not None and (before.visibility, before.roles) == now
    if not same and after.visibility is not Visibility.PRIVATE:
        rights.require(who.role >= Role.MANAGER, "Managers decide who sees a dashboard. Keep it private, or ask one.")


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "dashboard"


def _history_of(name: str) -> str:
    return f"{SHELF}/{name}"


def _version(row: Document) -> int:
    return int(row.name)


def _template(name: str) -> Saved:
    return Saved(name, 0, TEMPLATES[name], OWNER, "Pulseboard", None, ())


def _kept(saved: Saved) -> dict[str, object]:
    return {
        "document": body_of(saved.dashboard), "by": saved.by, "by_label": saved.by_label, "at": saved.at,
        "changes": list(saved.changes),
    }  # fmt: skip


def _saved(kept: Document, name: str | None = None) -> Saved:
    body: dict[str, Any] = kept.body
    return Saved(
        name or kept.name, kept.version if name is None else _version(kept), kept_document(body["document"]), body["by"],
        body["by_label"], body["at"], tuple(body["changes"]),
    )  # fmt: skip
