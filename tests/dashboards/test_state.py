"""What a viewer chose survives its link, whatever it is; a link that is wrong says why."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from metrics_core.clock import SetClock
from metrics_core.dashboards.links import LONGEST_LINK, Links
from metrics_core.dashboards.state import COMPARISONS, State
from metrics_core.errors import BadRequestError, NotFoundError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORIGINS
from metrics_core.model.window import PERIODS, WEEKDAYS
from metrics_core.reads.ask import VIEWS
from metrics_core.store.memory.store import MemoryStore
from tests.given import NOON

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "hour": st.integers(0, 23), "weekday": st.sampled_from([day.title() for day in WEEKDAYS]),
    "origin": st.sampled_from(ORIGINS),
}
TIMES = st.datetimes(timezones=st.none() | st.timezones()).map(lambda when: when.isoformat())
ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state that somebody can choose."""
    body: dict[str, Any] = {"period": draw(st.sampled_from((*PERIODS, "custom")))}
    if body["period"] == "custom":
        body |= {"start": draw(TIMES), "end": draw(st.none() | TIMES)}
    names = draw(st.lists(st.sampled_from(list(DIMENSIONS)), unique=True, max_size=4))
    where = {name: draw(st.lists(VALUES.get(name, st.none() | TEXT), min_size=1, max_size=4)) for name in names}
    zone, origin = draw(st.none() | ZONES), draw(st.sampled_from(VIEWS))
    refresh = draw(st.just(0) | st.integers(2, 300))
    return State.of({**body, "where": where, "zone": zone, "origin": origin, "refresh": refresh,
                     "compare": draw(st.sampled_from(COMPARISONS))})  # fmt: skip


@for_all(state=states(), default=states())
def test_a_link_opens_what_was_seen_whatever_its_dashboard_opens_with(state: State, default: State) -> None:
    address = urlencode(state.to_params())
    assert State.from_params(dict(parse_qsl(address, keep_blank_values=True)), default) == state


@for_all(state=states())
def test_json_says_the_same_as_a_link(state: State) -> None:
    assert State.of(state.body()) == State.of(state.to_params()) == state


@for_all(state=states(), more=states())
def test_a_short_link_opens_what_a_long_one_does(state: State, more: State) -> None:
    links = Links(MemoryStore().catalog, SetClock(NOON))
    for each in (state, more, state):
        params = links.params(each, "sales", 3)
        assert params["d"] == "sales"
        assert len(urlencode(params)) <= LONGEST_LINK
        assert links.read(params, more) == each


def test_a_state_that_is_short_stays_readable_in_its_link() -> None:
    state = State.of({"period": "7d", "where": {"region": ["Europe"], "channel": ["online", "retail"]}})
    assert state.to_params() == {"period": "7d", "where": "channel:online,retail;region:Europe"}
    assert State().to_params() == {"period": "24h"}


def test_a_short_id_is_the_same_for_the_same_and_remembers_the_version() -> None:
    store = MemoryStore()
    links = Links(store.catalog, SetClock(NOON))
    state = State.of({"period": "7d", "where": {"product": [f"product number {number}" for number in range(40)]}})
    short = links.params(state, "sales", 3)
    assert short == links.params(state, "sales", 3)
    assert set(short) == {"d", "v"}
    (kept,) = store.catalog.find("views")
    assert (kept.body["dashboard"], kept.body["version"]) == ("sales", 3)
    with pytest.raises(NotFoundError, match="'nowhere' is not known"):
        links.read({"v": "nowhere"})


def test_a_link_that_says_only_a_part_is_laid_over_what_the_dashboard_opens_with() -> None:
    default = State.of({"period": "30d", "zone": "Europe/Berlin"})
    found = State.from_params({"where": "channel:online", "embed": "true", "d": "sales"}, default)
    assert found == State.of({"period": "30d", "zone": "Europe/Berlin", "where": {"channel": ["online"]}})
    assert State.from_params({}, default) == default


@pytest.mark.parametrize(
    ("params", "says"),
    (
        ({"period": "25h"}, "No period is called '25h'"),
        ({"compare": "last"}, "No comparison is called 'last'"),
        ({"zone": "Europe/Berlyn"}, "Did you mean 'Europe/Berlin'"),
        ({"origin": "reel"}, "Did you mean 'real'"),
        ({"where": "chanel:online"}, "Did you mean 'channel'"),
        ({"where": "channel"}, "has no values"),
        ({"where": "hour:25"}, "from 0 to 23"),
        ({"where": "weekday:Someday"}, "No weekday"),
        ({"refresh": "1"}, "2 to 300 seconds"),
        ({"refresh": "fast"}, "2 to 300 seconds"),
        ({"period": "custom"}, "needs a start"),
        ({"from": "yesterday"}, "which is no time"),
        ({"where": "user:" + "u" * 30_000}, "more than 20000"),
    ),
)
def test_a_link_that_is_wrong_says_what_is(params: dict[str, str], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        State.from_params(params)


def test_refresh_is_never_faster_than_the_administrator_allows() -> None:
    assert State(refresh=2).floored(10).refresh == 10
    assert State(refresh=60).floored(10).refresh == 60
    assert State(refresh=0).floored(10).refresh == 0
