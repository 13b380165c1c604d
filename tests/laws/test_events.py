"""Laws of events by column: they are the events they were made from, in every way one can ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metrics_core.model.event import Event, Line
from metrics_core.model.events import EventColumns, Events, columns_of, joined
from tests.laws.made import many


def test_there_is_a_column_for_each_field_of_an_event():
    assert EventColumns._fields == Event._fields


@given(many, st.integers(-3, 40), st.integers(-3, 40))
def test_events_by_column_are_the_events(events: list[Event], start: int, end: int):
    by_column = Events(columns_of(events))
    assert len(by_column) == len(events)
    assert list(by_column) == events
    assert by_column == events
    assert by_column[start:end] == events[start:end]
    for place, event in enumerate(events):
        assert by_column[place] == event
        assert by_column[place - len(events)] == event
    assert all(isinstance(line, Line) for event in by_column for line in event.lines)


@given(st.lists(st.tuples(many, st.booleans()), max_size=4))
def test_parts_joined_are_all_their_events_in_order(parts: list[tuple[list[Event], bool]]):
    found = joined([Events(columns_of(events)) if packed else events for events, packed in parts])
    assert list(found) == [event for events, _ in parts for event in events]


def test_other_events_are_not_equal():
    made = Events(columns_of([]))
    assert made == []
    assert made != 5
