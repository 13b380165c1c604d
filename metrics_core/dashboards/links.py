"""Links to a dashboard as somebody sees it: all of it in the address, or under a short id where that would be long."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlencode

import orjson

from metrics_core.clock import Clock
from metrics_core.dashboards.state import State
from metrics_core.errors import ConflictError, NotFoundError
from metrics_core.model.instant import iso
from metrics_core.store.protocols import Catalog

LONGEST_LINK = 300
"""Characters of parameters; beyond it the state is kept here, and the link has its id."""
SHELF = "views"


class Links:
    """Makes the parameters of links and reads them back."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    def params(self, state: State, dashboard: str | None = None, version: int | None = None) -> dict[str, str]:
        """The parameters of a link to this state of a dashboard; a short id remembers the version it was made at."""
        where = {"d": dashboard} if dashboard else {}
        said = {**where, **state.to_params()}
        return said if len(urlencode(said)) <= LONGEST_LINK else {**where, "v": self._keep(state, dashboard, version)}

    def read(self, params: Mapping[str, str], default: State | None = None) -> State:
        """The state that a link says, in full or by its short id; NotFoundError for an id that is not known."""
        short = params.get("v")
        if not short:
            return State.from_params(params, default)
        kept = self._catalog.get(SHELF, short[:64])
        if kept is None:
            msg = f"The short link {short[:64]!r} is not known here. Ask for it again, or open the dashboard without it."
            raise NotFoundError(msg)
        return State.of(kept.body["state"])

    def _keep(self, state: State, dashboard: str | None, version: int | None) -> str:
        meant = {"state": state.body(), "dashboard": dashboard, "version": version}
        short = urlsafe_b64encode(sha256(orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)).digest()[:9]).decode()
        if self._catalog.get(SHELF, short) is None:
            try:
                self._catalog.put(SHELF, short, {**meant, "made_at": iso(self._clock.now())}, expecting=0)
            except ConflictError:
                return short  # somebody kept the same at the same time
        return short
