"""A question is read as it is meant, or refused with what was probably meant; nothing else ever comes of it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from metrics_core.errors import BadRequestError
from metrics_core.model.event import ORIGINS, REAL
from metrics_core.model.instant import HOUR, iso
from metrics_core.model.query import Filter, Query
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.ask import FIELDS, read_question
from tests import given

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
NOW = given.at("2026-11-19 13:32:05")


def shown(view: str) -> tuple[str, ...]:
    return {"real": REAL, "all": ()}.get(view, (view,))


def read(question: object) -> Query:
    return read_question(question, calendar=BERLIN, now=NOW, shown=shown)


def asked(**fields: Any) -> Query:
    return read({"measures": ["revenue"], "over": "24h", **fields})


def refused(**fields: Any) -> str:
    with pytest.raises(BadRequestError) as caught:
        asked(**fields)
    return str(caught.value)


def test_a_whole_question_is_read_field_by_field() -> None:
    query = asked(
        measures=["revenue", "orders"], over="7d", by=["channel"], grain="day", where={"region": ["Europe", None]},
        compare=True, zone="Asia/Kathmandu", origin="all", order_by=["start", "-revenue"], limit=10,
    )  # fmt: skip
    week = 168 * HOUR
    assert query == Query(
        ("revenue", "orders"), Window(NOW - week, NOW), ("channel",), "day", (Filter("region", ("Europe", None)),),
        Window(NOW - 2 * week, NOW - week), "vs the 7 days before", ZoneInfo("Asia/Kathmandu"), 0, (),
        (("start", False), ("revenue", True)), 10,
    )  # fmt: skip


def test_what_is_not_said_is_real_data_in_the_reporting_zone() -> None:
    query = asked()
    assert (query.zone, query.origins, query.by, query.where, query.compared) == (BERLIN.zone, REAL, (), (), None)


def test_an_origin_is_asked_for_by_name() -> None:
    assert [asked(origin=name).origins for name in ORIGINS] == [(name,) for name in ORIGINS]


@pytest.mark.parametrize(
    ("fields", "said"),
    (
        ({"measures": ["revenu"]}, "No measure is called 'revenu'. Did you mean 'revenue'?"),
        ({"by": ["chanel"]}, "No dimension is called 'chanel'. Did you mean 'channel'?"),
        ({"over": "24hours"}, "No period is called '24hours'. Did you mean '24h'?"),
        ({"zone": "Berlin"}, "No time zone is called 'Berlin'. Did you mean 'Europe/Berlin'?"),
        ({"zone": "../etc/passwd"}, "No time zone is called '../etc/passwd'."),
        ({"zone": "Europe"}, "No time zone is called 'Europe'."),
        ({"grain": "hours"}, "No grain is called 'hours'. Did you mean 'hour'?"),
        ({"origin": "simm"}, "No origin is called 'simm'. Did you mean 'sim'?"),
        ({"ordr_by": "revenue"}, "No field of a question is called 'ordr_by'. Did you mean 'order_by'?"),
        ({"order_by": "-orders"}, "No column of this answer is called 'orders'."),
        ({"order_by": [{"column": "revenue", "direction": "down"}]}, "No direction is called 'down'."),
        ({"where": {"chanel": "online"}}, "Did you mean 'channel'?"),
        ({"where": {"weekday": "Mondey"}}, "No weekday is called 'Mondey'. Did you mean 'Monday'?"),
        ({"where": {"channel": {"nott": "online"}}}, "No operator is called 'nott'. Did you mean 'not'?"),
        ({"where": [{"dimension": "channel", "op": "~", "value": "x"}]}, "No operator is called '~'."),
        ({"where": [{"dimensions": "channel"}]}, "Did you mean 'dimension'?"),
        ({"compare": "previos"}, "No comparison is called 'previos'. Did you mean 'previous'?"),
        ({"over": {"start": "2026-11-01", "ende": "x"}}, "No field of `over` is called 'ende'. Did you mean 'end'?"),
    ),
    ids=str,
)  # fmt: skip
def test_an_unknown_name_is_answered_with_what_was_meant(fields: dict[str, Any], said: str) -> None:
    assert said in refused(**fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    (
        ({"measures": []}, "at least one measure"),
        ({"measures": None}, "at least one measure"),
        ({"measures": "revenue"}, "`measures` is a list of names"),
        ({"measures": ["revenue", "revenue"]}, "twice"),
        ({"measures": [1]}, "1 is no measure"),
        ({"by": ["channel", "region", "product", "user", "staff", "content", "kind"]}, "more than 6"),
        ({"over": None}, "`over` says which time"),
        ({"over": 24}, "`over` says which time"),
        ({"over": {"end": "2026-11-01"}}, "has no start"),
        ({"over": {"start": "yesterday"}}, "'yesterday', which is no time"),
        ({"over": {"start": 1_700_000_000}}, "1700000000, which is no time"),
        ({"over": {"start": "2026-11-02", "end": "2026-11-02"}}, "must end"),
        ({"over": {"start": "0001-01-01"}}, "in the year 1"),
        ({"grain": 5}, "5 is no grain"),
        ({"limit": 0}, "from 1 to 100,000"),
        ({"limit": 100_001}, "from 1 to 100,000"),
        ({"limit": True}, "true is not"),
        ({"limit": "10"}, "'10' is not"),
        ({"limit": 10.5}, "10.5 is not"),
        ({"limit": float("nan")}, "nan is not"),
        ({"compare": 1}, "`compare` is true"),
        ({"order_by": 5}, "`order_by` is a column"),
        ({"where": "channel=online"}, "`where` is an object"),
        ({"where": {"channel": []}}, "names no values"),
        ({"where": {"channel": 5}}, "are text; 5 is not"),
        ({"where": {"channel": ["online", float("nan")]}}, "are text; nan is not"),
        ({"where": {"channel": {}}}, "needs one operator"),
        ({"where": {"hour": "9"}}, "from 0 to 23"),
        ({"where": {"hour": True}}, "from 0 to 23"),
        ({"where": {"hour": 24}}, "from 0 to 23"),
        ({"where": {"user": "\ud800"}}, "no text"),
        ({"where": {"user": "a\x00b"}}, "no text"),
        ({"where": {"user": ["u"] * 1_001}}, "1001 values, more than 1000"),
        ({"where": [{"dimension": "channel"}]}, "either a value or values"),
        ({"where": [{"dimension": "channel", "value": "a", "values": ["b"]}]}, "either a value or values"),
        ({"where": [5]}, "5 is not"),
    ),
    ids=lambda value: str(value)[:60].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_what_to_write(fields: dict[str, Any], said: str) -> None:
    assert said in refused(**fields)


@pytest.mark.parametrize("question", (None, [], "revenue", 5))
def test_a_question_is_an_object(question: object) -> None:
    with pytest.raises(BadRequestError, match="A question is a JSON object"):
        read(question)


@pytest.mark.parametrize(
    ("where", "filters"),
    (
        ({"channel": "online"}, (Filter("channel", ("online",)),)),
        ({"channel": None}, (Filter("channel", (None,)),)),
        ({"channel": ["online", "retail", "online"]}, (Filter("channel", ("online", "retail")),)),
        ({"kind": {"not": ["refund"]}}, (Filter("kind", ("refund",), True),)),
        ({"hour": {"in": [9, 10]}, "weekday": "sunday"}, (Filter("hour", (9, 10)), Filter("weekday", (6,)))),
        ([{"dimension": "channel", "op": "!=", "value": "online"}], (Filter("channel", ("online",), True),)),
        ([{"dimension": "channel", "values": ["online"]}], (Filter("channel", ("online",)),)),
        ([{"dimension": "region", "op": "not in", "values": ["Asia", None]}], (Filter("region", ("Asia", None), True),)),
    ),
    ids=str,
)
def test_filters_are_written_short_or_long(where: object, filters: tuple[Filter, ...]) -> None:
    assert asked(where=where).where == filters


def test_a_date_is_its_midnight_in_the_zone_of_the_question() -> None:
    span = {"start": "2026-03-29", "end": "2026-03-30"}
    assert asked(over=span).window == Window(given.at("2026-03-28 23:00"), given.at("2026-03-29 22:00"))
    new_york = asked(over=span, zone="America/New_York")
    assert new_york.window == Window(given.at("2026-03-29 04:00"), given.at("2026-03-30 04:00"))


def test_a_time_without_offset_is_read_in_the_zone_and_one_with_an_offset_as_it_says() -> None:
    span = {"start": "2026-11-19T10:00", "end": "2026-11-19T10:00:00-02:00"}
    assert asked(over=span).window == Window(given.at("2026-11-19 09:00"), given.at("2026-11-19 12:00"))


def test_a_range_without_an_end_lasts_until_now() -> None:
    assert asked(over={"start": "2026-11-19"}).window.end == NOW


@pytest.mark.parametrize(
    ("over", "start", "note"),
    (
        ({"start": "2026-11-01", "end": "2026-11-08"}, "2026-10-25", "vs the 7 days before"),
        ({"start": "2026-11-18", "end": "2026-11-19"}, "2026-11-17", "vs the day before"),
        ({"start": "2026-03-01", "end": "2026-04-01"}, "2026-02-01", "vs February 2026 (28 days against 31)"),
        ({"start": "2026-07-01", "end": "2026-10-01"}, "2026-04-01", "vs the 3 months before (91 days against 92)"),
        ({"start": "2026-11-01T12:00", "end": "2026-11-02T12:00"}, "2026-10-31T12:00", "vs the same length of time before"),
    ),
    ids=lambda value: str(value)[:40],
)
def test_a_range_is_compared_with_as_much_before_it(over: dict[str, str], start: str, note: str) -> None:
    query = asked(over=over, compare="previous")
    assert query.compared == asked(over={"start": start, "end": over["start"]}).window
    assert query.compared_note == note


def test_a_range_that_is_not_over_is_compared_with_as_much_as_has_elapsed_of_it() -> None:
    query = asked(over={"start": "2026-11-16", "end": "2026-11-23"}, compare=True)
    assert query.compared == Window(given.at("2026-11-08 23:00"), given.at("2026-11-12 13:32:05"))
    assert query.compared_note == "vs the 7 days before by Thu 14:32"
    ahead = asked(over={"start": "2026-12-01", "end": "2026-12-08"}, compare=True)
    assert ahead.compared == asked(over={"start": "2026-11-24", "end": "2026-12-01"}).window


def test_a_calendar_period_is_compared_with_the_same_elapsed_part() -> None:
    query = asked(over="today", compare=True)
    assert query.compared == Window(given.at("2026-11-17 23:00"), given.at("2026-11-18 13:32:05"))
    assert query.compared_note == "vs yesterday by 14:32"


def test_a_range_of_ones_own_can_be_compared_with() -> None:
    query = asked(compare={"start": "2026-10-01", "end": "2026-10-02"})
    assert query.compared is not None
    assert iso(query.compared.start, BERLIN.zone) == "2026-10-01T00:00:00+02:00"
    assert query.compared_note == "vs 2026-10-01 00:00 to 2026-10-02 00:00"


def test_all_of_time_has_nothing_before_it() -> None:
    assert asked(over="all_time", compare=True).compared is None


def test_a_deeply_nested_value_is_refused_like_any_other() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    for field in FIELDS:
        with pytest.raises(BadRequestError):
            asked(**{field: deep})
        with pytest.raises(BadRequestError):
            asked(**{field: {"start": deep}})


_words = st.sampled_from((*FIELDS, "start", "not", "revenue", "channel", "24h", "day"))
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=8,
)


@examples(question=st.dictionaries(st.sampled_from((*FIELDS, "other")), _json))
def test_whatever_is_sent_is_read_or_refused(question: dict[str, Any]) -> None:
    said = ""
    try:
        read({"measures": ["revenue"], "over": "24h", **question})
    except BadRequestError as refusal:
        said = str(refusal)
    assert len(said.encode()) < 2_000
