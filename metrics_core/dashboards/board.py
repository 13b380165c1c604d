"""A dashboard answered: all its widgets from one instant and one state of the store, worked out once for all who look."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from time import perf_counter, thread_time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from metrics_core.cache import Flights, Kept, Remote
from metrics_core.clock import Clock
from metrics_core.dashboards import rights
from metrics_core.dashboards.answers import Answers, Mark
from metrics_core.dashboards.document import Kinds, anonymous, body_of
from metrics_core.dashboards.sharing import Share, Shares
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError, StoreAwayError, UnknownNameError
from metrics_core.health import METERS
from metrics_core.logs import log
from metrics_core.model.access import Principal
from metrics_core.model.dashboard import Dashboard, Visibility, Widget
from metrics_core.model.instant import SECOND, Instant, iso
from metrics_core.model.query import Result
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Calendar
from metrics_core.reads.ask import read_question
from metrics_core.reads.cells import span_of
from metrics_core.reads.views import origins_of
from metrics_core.settings import Settings
from metrics_core.store.protocols import Store
from metrics_core.widgets.colours import Colours
from metrics_core.widgets.frame import Frame, Question

SPACING = 0.25
"""Seconds between two answers to the same, however often somebody asks for the newest; or what four answers take."""
MOST_PAGES = 500
TRIES = 5
"""So often is a snapshot looked for that holds just what the store does."""

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Looks:
    """What the engine knows and a board does not: the newest snapshot, how its data is called, and since when it is old."""

    snapshot: Callable[[str], Snapshot]
    origin: Callable[[Snapshot], Json]
    stale: Callable[[], tuple[Instant, str] | None]
    changed: Callable[[], None] = lambda: None
    """Have the next snapshot taken anew."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A widget's drawing, or what kept it from being drawn; the hash tells whether it is another one than before."""

    hash: str
    drawing: Json | None
    error: Json | None


@dataclass(frozen=True, slots=True)
class Page:
    """The drawings of all widgets at one instant."""

    snapshot: Snapshot
    as_of: Instant
    zone: str
    through: int
    """The number of the newest event that was counted."""
    computed_at: Instant
    checked_at: Instant
    """When it was last known to be of the newest snapshot."""
    took: float
    widgets: Mapping[str, Drawn]


class Boards:
    """Answers dashboards. Nothing is computed unless somebody asks, and never twice for the same instant."""

    def __init__(
        self, store: Store, looks: Looks, settings: Settings, clock: Clock, *, shares: Shares, kinds: Kinds,
        shared: Remote | None = None,
    ) -> None:  # fmt: skip
        """`shared` is where the replicas keep answers for each other."""
        self._store = store
        self._looks = looks
        self._settings = settings
        self._clock = clock
        self._shares = shares
        self._kinds = kinds
        self._calendar = settings.calendar
        self._answers = Answers(store, clock, seconds=settings.cache_ttl_seconds, shared=shared)
        self._pages: Kept[str, Page] = Kept(clock, most=MOST_PAGES)
        self._flights: Flights[str, Page] = Flights()
        self._colours: Kept[str, Colours] = Kept(clock, most=MOST_PAGES)

    @property
    def asked(self) -> int:
        """Questions the store was asked, since the start."""
        return self._answers.asked

    def forget(self) -> None:
        """What was counted has changed as a whole: drop the answers that replicas keep for each other."""
        self._answers.forget()

    @property
    def spared(self) -> int:
        """Questions that were not asked again, since the start."""
        return self._answers.spared

    def data(
        self, dashboard: Dashboard, state: State, who: Principal, have: Mapping[str, str] | None = None, *,
        name: str = "", version: int = 0, newest: bool = False,
    ) -> Json:
        """Every widget of a dashboard as somebody may see it; a drawing they have (by its hash) is left out.

        Who has none yet, or says so, gets the newest. Who comes back for more within the refresh interval of their state
        gets what the others got in it: the intervals of all viewers begin together, at multiples of it.
        """
        state, share = self.bound(state, who)
        state = state.floored(self._settings.dashboard_refresh_floor)
        page = self._page(dashboard, state, who, name, share, newest=newest or not have)
        had = have or {}
        widgets: dict[str, Json] = {}
        for key, drawn in page.widgets.items():
            widgets[key] = {"hash": drawn.hash}
            if had.get(key) != drawn.hash:
                widgets[key] |= {"drawing": drawn.drawing} if drawn.error is None else {"error": drawn.error}
        return {
            "instant": self._instant(page), "origin": self._origin(page, who), "stale": self._stale(),
            "version": version, "next": self._next(state), "state": state.body(),
            "frozen_at": None if share is None or share.frozen_at is None else iso(share.frozen_at),
            "widgets": widgets,
        }  # fmt: skip

    def preview(self, widget: Widget, state: State, who: Principal, *, name: str = "") -> Json:
        """One widget drawn as it would be on the dashboard; its error where it cannot be."""
        rights.require(rights.may_create(who), "Widgets are made by analysts and above.")
        alone = Dashboard("", "", "", Visibility.PRIVATE, (), {}, (widget,))
        drawn = self._page(alone, state, who, name, None, newest=True).widgets[widget.id]
        return {"hash": drawn.hash, "drawing": drawn.drawing, "error": drawn.error}

    def freeze(self, dashboard: Dashboard, state: State, who: Principal, *, name: str = "") -> Json:
        """What somebody sees now, to be kept with a link."""
        state, share = self.bound(state, who)
        page = self._page(dashboard, state, who, name, share, newest=True)
        return {
            "instant": self._instant(page), "origin": self._origin(page, who), "as_of": page.as_of,
            "through": page.through, "state": state.body(), "document": body_of(anonymous(dashboard)),
            "widgets": {
                key: {"hash": drawn.hash, "drawing": drawn.drawing, "error": drawn.error}
                for key, drawn in page.widgets.items()
            },
        }  # fmt: skip

    def bound(self, state: State, who: Principal) -> tuple[State, Share | None]:
        """The part of a state that somebody may choose: all of it, or what their link allows."""
        if who.link is None:
            return state, None
        share = self._shares.current(who.link)
        return share.bound(state), share

    # ------------------------------------------------------------------------------------------------------------ pages

    def _page(
        self, dashboard: Dashboard, state: State, who: Principal, name: str, share: Share | None, *, newest: bool
    ) -> Page:
        at = None if share is None else share.frozen_at
        key = _key(name, dashboard, state, who, at)
        kept = self._pages.get(key)
        if kept is not None and self._fresh(kept, state, newest):
            return kept
        return self._flights.once(key, lambda: self._renewed(key, dashboard, state, who, name, at, newest))

    def _fresh(self, page: Page, state: State, newest: bool) -> bool:
        age = self._clock.now() - page.checked_at
        if newest:
            return 0 <= age < max(SPACING, 4 * page.took) * SECOND
        every = self._every(state)
        return 0 <= age < every and page.checked_at // every == self._clock.now() // every

    def _every(self, state: State) -> Instant:
        """How long the same is good for those who come back; never longer than answers are kept."""
        seconds = min(state.refresh or self._settings.dashboard_refresh_floor, self._settings.cache_ttl_seconds)
        return max(1, int(seconds * SECOND))

    def _next(self, state: State) -> float | None:
        """Seconds until the next interval begins, for those who refresh."""
        if not state.refresh:
            return None
        every = state.refresh * SECOND
        return round((every - self._clock.now() % every) / SECOND, 3)

    def _renewed(
        self, key: str, dashboard: Dashboard, state: State, who: Principal, name: str, at: Instant | None, newest: bool
    ) -> Page:
        kept = self._pages.get(key)
        if kept is not None and self._fresh(kept, state, newest):
            return kept  # somebody else renewed it just before
        now = self._clock.now()
        try:
            snapshot = self._looks.snapshot(state.origin)
            if kept is not None and (kept.snapshot.seq, kept.snapshot.as_of) == (snapshot.seq, snapshot.as_of):
                page = replace(kept, checked_at=now)
            else:
                page = self._drawn(dashboard, state, who, name, snapshot, at)
        except StoreAwayError:
            if kept is None:
                raise
            page = replace(kept, checked_at=now)
        return self._pages.put(key, page)

    def _drawn(
        self, dashboard: Dashboard, state: State, who: Principal, name: str, snapshot: Snapshot, at: Instant | None
    ) -> Page:
        for _ in range(TRIES):
            with self._store.view():
                mark = self._answers.mark()
                if mark.seq == snapshot.newest_seq or at is not None:
                    return self._drawn_at(dashboard, state, who, name, snapshot, at)
            # Something was written since: a page of this number would not show the figures of its snapshot.
            if mark.seq > snapshot.newest_seq:
                self._looks.changed()
            snapshot = self._looks.snapshot(state.origin)
        return self._drawn_at(dashboard, state, who, name, snapshot, at)

    def _drawn_at(
        self, dashboard: Dashboard, state: State, who: Principal, name: str, snapshot: Snapshot, at: Instant | None
    ) -> Page:
        started, worked = perf_counter(), thread_time()
        as_of = snapshot.as_of if at is None else at
        with self._store.view():
            mark = self._answers.mark()
            frame = self._frame(dashboard, state, name, snapshot, as_of)
            widgets = {
                widget.id: self._draw(widget, frame, snapshot, who, mark) for widget in dashboard.widgets
            }  # fmt: skip
        took = perf_counter() - started
        METERS.board_seconds.observe(took)
        METERS.board_work.inc(thread_time() - worked)
        done = self._clock.now()
        return Page(snapshot, as_of, frame.zone, mark.seq, done, done, took, widgets)

    def _frame(self, dashboard: Dashboard, state: State, name: str, snapshot: Snapshot, as_of: Instant) -> Frame:
        ever = state.period == "all_time" or any(widget.spec.get("over") == "all_time" for widget in dashboard.widgets)
        span = span_of(self._store, snapshot.origins) if ever else None
        return Frame(
            over=state.over, now=as_of, compare=state.compare, zone=state.zone or self._calendar.zone.key,
            origin=state.origin, where={name: list(values) for name, values in state.where.items()},
            currency=self._settings.currency, digits=self._settings.currency_digits,
            week_start=self._calendar.week_start, since=None if span is None else span.start,
            colours=self._colours.get(name) or self._colours.put(name, Colours()),
        )  # fmt: skip

    def _draw(self, widget: Widget, frame: Frame, snapshot: Snapshot, who: Principal, mark: Mark) -> Drawn:
        calendar = Calendar(ZoneInfo(frame.zone), self._calendar.week_start)

        def shown(view: str) -> tuple[str, ...]:
            return snapshot.origins if view == snapshot.view else origins_of(view, snapshot.counts)

        def ask(question: Question) -> Result:
            query = read_question(question, calendar=calendar, now=frame.now, shown=shown)
            return self._answers.of(replace(query, where=(*query.where, *who.filters)), mark, frame.now)

        try:
            kind = self._kinds.get(widget.kind)
            if kind is None:
                raise UnknownNameError(what="kind of widget", name=widget.kind, known=self._kinds)
            drawing: Json = kind.drawn(kind.read(widget.spec), frame, ask).model_dump(mode="json")
        except StoreAwayError:
            raise
        except PulseboardError as error:
            return _undrawn({"message": str(error)})
        except Exception as error:
            # One widget that cannot be drawn must not take the others with it; the log has what a client must not see.
            reference = secrets.token_hex(4)
            METERS.faults.labels("widget").inc()
            log(__name__).error("widget not drawn", kind=widget.kind, reference=reference, exc_info=error)
            message = f"This widget could not be drawn. It is in the log of the server under {reference}."
            return _undrawn({"message": message, "reference": reference})
        return Drawn(_hash(drawing), drawing, None)

    # ------------------------------------------------------------------------------------------------------- around them

    def _instant(self, page: Page) -> Json:
        through = page.snapshot.data_through
        # What came while it was counted is in these figures, and not in those of the snapshot: it does not bear its number.
        own = page.as_of == page.snapshot.as_of and page.through != page.snapshot.newest_seq
        return {
            "seq": 0 if own else page.snapshot.seq, "asOf": iso(page.as_of),
            "dataThrough": None if through is None else iso(through), "computedAt": iso(page.computed_at),
            "zone": page.zone,
        }  # fmt: skip

    def _origin(self, page: Page, who: Principal) -> Json:
        # How much there is of everything is nothing for those who see a part of it.
        said = self._looks.origin(page.snapshot)
        return said if not who.filters and who.link is None else {**said, "counts": {}}

    def _stale(self) -> Json | None:
        stale = self._looks.stale()
        return None if stale is None else {"since": iso(stale[0]), "why": stale[1]}


def _key(name: str, dashboard: Dashboard, state: State, who: Principal, at: Instant | None) -> str:
    """What two pages have in common that are the same."""
    widgets = [(widget.id, widget.kind, widget.spec) for widget in dashboard.widgets]
    filters = [(row.dimension, row.values, row.negated) for row in sorted(who.filters, key=repr)]
    return _hash([name, widgets, state.key(), filters, at])


def _undrawn(error: Json) -> Drawn:
    return Drawn(_hash(error), None, error)


def _hash(value: object) -> str:
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS), digest_size=8).hexdigest()
