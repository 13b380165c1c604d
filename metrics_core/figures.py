"""Figures for somebody: questions answered, explained down to the rows, and put into files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from metrics_core.access.roles import require
from metrics_core.clock import Clock
from metrics_core.dashboards import rights
from metrics_core.dashboards.board import Boards
from metrics_core.dashboards.document import kept_document
from metrics_core.dashboards.sharing import Shares
from metrics_core.dashboards.shelf import Shelf
from metrics_core.dashboards.state import State
from metrics_core.exports.board import Progress, board_of, nobody
from metrics_core.exports.formats import File, Wish, known_format, write
from metrics_core.feed.bodies import origin_body
from metrics_core.model.access import LOCAL, Principal
from metrics_core.model.event import ACTIVITY
from metrics_core.model.instant import MINUTE, Instant, iso
from metrics_core.model.query import Query, Result
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Window
from metrics_core.reads.answer import answer
from metrics_core.reads.ask import VIEWS, read_question
from metrics_core.reads.explain import Asked, explain, facts_of, read_as_of, read_explain
from metrics_core.reads.explained import as_json, rows_json
from metrics_core.reads.narrow import kept_of
from metrics_core.reads.rows import Fact, every, rows
from metrics_core.reads.snapshot import moment_of
from metrics_core.reads.views import kept_events, origins_of
from metrics_core.settings import Settings
from metrics_core.store.protocols import Store


class Figures:
    """Answers whoever asks, of the part of the data that is theirs to see."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, *, snapshot: Callable[[str], Snapshot], shelf: Shelf,
        shares: Shares, boards: Boards,
    ) -> None:  # fmt: skip
        self._store = store
        self._settings = settings
        self._clock = clock
        self._calendar = settings.calendar
        self._snapshot = snapshot
        self._shelf = shelf
        self._shares = shares
        self._boards = boards

    def ask(self, question: object, who: Principal = LOCAL) -> Result:
        """The answer to a question as the API takes it. BadRequestError where it cannot be understood."""
        require(who, "ask")
        return self.answer(self.read(question), who)

    def read(self, question: object) -> Query:
        """The Query a question means at this moment."""
        return read_question(question, calendar=self._calendar, now=moment_of(self._clock.now()), shown=self.shown)

    def answer(self, query: Query, who: Principal = LOCAL) -> Result:
        """The answer to a Query, of the part of the data that is theirs to see who ask."""
        return answer(self._store, replace(query, where=(*query.where, *who.filters)), as_of=moment_of(self._clock.now()))

    def shown(self, view: str) -> tuple[str, ...]:
        """The origins a view shows: `real` is live and imported data, or whatever there is while there is none of it."""
        return origins_of(view, kept_events(self._store))

    def latest_users(self, who: Principal = LOCAL) -> list[dict[str, Any]]:
        """The latest activity of each user who was active within the threshold, newest first."""
        require(who, "ask")
        now = self._clock.now()
        threshold = Window(now - int(self._settings.active_threshold_minutes * MINUTE), now + 5 * MINUTE)
        latest: dict[str, dict[str, Any]] = {}
        for chunk in self._store.events.scan(threshold, kinds=(ACTIVITY,)):
            for event in chunk:
                if event.user is not None and kept_of(event, who.filters) is not None:
                    said = dict(event.payload or {})
                    latest[event.user] = {**said, "userId": event.user, "timestamp": iso(event.at), "origin": event.origin}
        return sorted(latest.values(), key=lambda row: str(row["timestamp"]), reverse=True)

    def explain(self, question: object, who: Principal = LOCAL) -> dict[str, Any]:
        """What a figure is made of, what moved it, and the same counted again; as JSON. For analysts and above."""
        asked, snapshot, as_of = self._figure(question, who)
        found = explain(self._store, asked, who.filters, as_of=as_of)
        origin = origin_body(snapshot)
        through = snapshot.data_through
        instant = {
            "seq": snapshot.seq if as_of == snapshot.as_of else None, "asOf": iso(as_of),
            "dataThrough": None if through is None else iso(through), "zone": asked.query.zone.key,
            "computedAt": iso(self._clock.now()),
        }  # fmt: skip
        # How much there is of everything is nothing for those who see a part of it.
        told = {**origin, "counts": {}} if who.filters else origin
        return as_json(found, self._settings.currency_digits, told, instant)

    def explained_rows(
        self, question: object, who: Principal = LOCAL, *, search: str = "", after: str | None = None, limit: int = 50
    ) -> dict[str, Any]:
        """A page of the rows behind a figure, newest first; as JSON."""
        asked, _, as_of = self._figure(question, who)
        query = replace(asked.query, where=(*asked.query.where, *who.filters))
        with self._store.view():
            found = rows(self._store.events, facts_of(query, self._store), search=search, after=after, limit=limit)
        return {
            "rows": rows_json(found.facts, query, self._settings.currency_digits), "next": found.following,
            "looked": found.looked, "as_of": iso(as_of),
        }  # fmt: skip

    def explained_facts(self, question: object, who: Principal = LOCAL, *, search: str = "") -> tuple[Query, Iterator[Fact]]:
        """Every row behind a figure in the order of time, for a file, and the query they answer."""
        asked, _, _ = self._figure(question, who)
        query = replace(asked.query, where=(*asked.query.where, *who.filters))
        return query, every(self._store.events, facts_of(query, self._store), search=search)

    def export(
        self, name: str, state: object, wish: Wish, who: Principal = LOCAL, progress: Progress | None = None
    ) -> File:
        """A dashboard, or one widget of it, as a file: the figures that those have who look at it now, or of the moment
        a frozen link was made."""
        known_format(wish)
        saved = self._shelf.read(name, who)
        share = None if who.link is None else self._shares.current(who.link)
        if share is None:
            require(who, "export")
        else:
            rights.require(share.export, "This link shows a dashboard and does not let it be exported.")
        dashboard = saved.dashboard
        if share is not None and share.frozen_at is not None:
            data = self._shares.frozen(share.id)
            dashboard = kept_document(data["document"])
        else:
            chosen = state if isinstance(state, State) else State.of(state, State.of(dashboard.state))
            # As somebody who looks again, so that it is the very page that the others are looking at.
            data = self._boards.data(dashboard, chosen, who, {"": ""}, name=name, version=saved.version)
        settings = self._settings
        board = board_of(
            dashboard, data, widget=wish.widget, own=who.filters, calendar=self._calendar, currency=settings.currency,
            digits=settings.currency_digits, frozen=share is not None and share.frozen_at is not None,
        )  # fmt: skip
        return write(board, wish, progress or nobody)

    def _figure(self, question: object, who: Principal) -> tuple[Asked, Snapshot, Instant]:
        """Which figure a question is about, at the instant it names or that of the newest snapshot."""
        require(who, "explain")
        view = question.get("origin") if isinstance(question, dict) else None
        snapshot = self._snapshot(view if view in VIEWS else "real")
        said = read_as_of(question, calendar=self._calendar, now=max(self._clock.now(), snapshot.as_of))
        as_of = snapshot.as_of if said is None else said
        return read_explain(question, calendar=self._calendar, now=as_of, shown=self.shown), snapshot, as_of
