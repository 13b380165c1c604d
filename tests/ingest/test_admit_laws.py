"""Laws of admission: it never fails, money is exact, and the same content is the same event however it is written."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_core.ingest.admit import STEPS, Admission, Admitted
from metrics_core.ingest.mappings import MAPPINGS, mapped
from metrics_core.ingest.money import MOST, Money
from metrics_core.ingest.shapes import ACTIVITY, EVENT, LINE, ORDER, REFUND, SALE, SHAPES, STATUS, Shape
from metrics_core.ingest.times import AHEAD, EARLIEST, has_a_time
from metrics_core.ingest.unfit import Unfit
from metrics_core.model.event import Event
from metrics_core.model.instant import SECOND, instant, moment
from tests.given import NOON

EAST = timezone(timedelta(hours=5))


def admit(*records: object, record: str | None = None, now: int = NOON) -> Admitted:
    return Admission(2, "USD").admit(records, record=record, source="shop", origin="live", run_id=None, now=now)


def one(said: object, *, now: int = NOON) -> Event:
    admitted = admit(said, now=now)
    assert admitted.refused == []
    return admitted.events[0]


# ------------------------------------------------------------------------------------------------- whatever is thrown

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 3), st.floats(), st.text(max_size=20), st.binary(max_size=3),
    st.sampled_from([10**400, -(10**400), "", " ", "\ud800", "\x00", "x" * 300, "2026-11-19", "1e999", "completed", "USD"]),
    st.decimals(), st.datetimes(), st.dates(),
)
anything = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inside, max_size=4),
    max_leaves=15,
)
names = sorted({spelling for shape in (*SHAPES.values(), LINE) for spelling in shape.spellings} | {"record", "extra", ""})
good: dict[str, Any] = {
    "ts": NOON, "orderId": "o", "userId": "u", "type": "login", "status": "failed", "amount": 1, "refundId": "r",
    "revenue": 2,
    "quantity": 1, "productId": "p", "record": "order", "lines": [{"productId": "p", "quantity": 1, "revenue": 2}],
}
some_good = st.sets(st.sampled_from(sorted(good))).map(lambda chosen: {name: good[name] for name in chosen})
records_like = st.builds(
    lambda base, odd: {**base, **odd}, some_good, st.dictionaries(st.sampled_from(names), anything, max_size=4)
)


@given(st.lists(anything | records_like, max_size=5), st.sampled_from([None, *SHAPES]))
def test_whatever_is_sent_is_an_event_or_a_refusal(records: list[object], door: str | None):
    admitted = admit(*records, record=door)
    assert len(admitted.events) == len(admitted.indexes)
    assert sorted([*admitted.indexes, *(refusal.index for refusal in admitted.refused)]) == list(range(len(records)))
    for refusal in admitted.refused:
        assert refusal.step in STEPS
        assert refusal.reason
        orjson.dumps([refusal.id, refusal.field, refusal.reason])
    for event in admitted.events:
        check(event)


def check(event: Event) -> None:
    assert EARLIEST <= event.at <= NOON + AHEAD
    assert -(2**63) <= event.digest < 2**63
    assert 0 <= event.amount <= MOST * 100
    assert sum(line.amount for line in event.lines) <= MOST * 100
    assert all(type(line.amount) is int and type(line.quantity) is int and line.quantity >= 0 for line in event.lines)
    names = (event.id, event.kind, event.user, event.session, event.order_id, event.channel, event.region, event.staff,
             event.segment, event.content, event.feature, event.company, *(line.product for line in event.lines))
    for name in names:
        assert name is None or (type(name) is str and 0 < len(name) <= 208 and name == name.strip())
    said = orjson.dumps([names, event.payload])
    assert orjson.loads(said)[1] == event.payload


@given(st.lists(anything | records_like, max_size=4), st.sampled_from(sorted(MAPPINGS)))
def test_whatever_a_vendor_sends_is_an_event_or_a_refusal(payloads: list[object], vendor: str):
    odd = [{**payload, "properties": payload} if isinstance(payload, dict) else payload for payload in payloads]
    for records in (mapped(vendor, payloads), mapped(vendor, odd)):
        admitted = admit(*records, record="activity")
        assert len(admitted.events) + len(admitted.refused) == len(payloads)


# -------------------------------------------------------------------------------------------------------------- money

minors = st.integers(0, 10**14)


@given(minors, st.integers(0, 4))
def test_money_comes_back_to_the_minor_unit_however_it_is_sent(minor: int, digits: int):
    money = Money("XXX", digits)
    amount = Decimal(minor).scaleb(-digits)
    if amount > MOST:
        return
    assert money.minor(str(amount), "revenue") == minor
    assert money.minor(f"{amount:f}", "revenue") == minor
    assert money.minor(amount, "revenue") == minor
    if minor < 10**15:
        assert money.minor(float(amount), "revenue") == minor
        assert money.minor(orjson.loads(orjson.dumps(float(amount))), "revenue") == minor
    if amount == int(amount):
        assert money.minor(int(amount), "revenue") == minor


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 4))
def test_a_float_is_taken_for_the_decimal_it_prints_as_or_not_at_all(said: float, digits: int):
    money = Money("XXX", digits)
    exact = Decimal(repr(said)) if math.isfinite(said) else None
    fits = exact is not None and 0 <= exact <= MOST and exact == exact.quantize(Decimal(1).scaleb(-digits))
    if fits:
        assert exact is not None
        assert money.minor(said, "revenue") == int(exact.scaleb(digits))
    else:
        with pytest.raises(Unfit):
            money.minor(said, "revenue")


# -------------------------------------------------------------------------------------------------------------- times


@given(st.integers(EARLIEST, NOON), st.integers(-23 * 60, 23 * 60))
def test_a_time_with_any_offset_comes_back_to_the_microsecond(when: int, offset: int):
    said = moment(when).astimezone(timezone(timedelta(minutes=offset)))
    assert has_a_time(said.isoformat(), "ts", NOON, None) == when
    assert has_a_time(said.isoformat(" "), "ts", NOON, None) == when
    assert has_a_time(when, "ts", NOON, None) == when
    whole = when - when % SECOND
    for number in (whole // SECOND, whole // 1_000, str(whole // SECOND), float(whole // SECOND)):
        if has_a_time(number, "ts", NOON, None) != whole:
            assert whole // 1_000 < 10**11


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_time_is_taken_or_refused(when: datetime):
    if EARLIEST <= instant(when) <= NOON + AHEAD:
        assert moment(has_a_time(when.isoformat(), "ts", NOON, None)) == when
    else:
        with pytest.raises(Unfit, match=r"from now|before 1990"):
            has_a_time(when.isoformat(), "ts", NOON, None)


# ----------------------------------------------------------------------------------------------------------- identity

words = st.text(string.ascii_letters + "éß漢", min_size=1, max_size=12)
prices = st.integers(0, 10**7).map(lambda minor: minor / 100)
lines = st.fixed_dictionaries(
    {"productId": words, "quantity": st.integers(0, 99), "revenue": prices}, optional={"colour": words}
)
properties = st.dictionaries(words, st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(words, inside, max_size=3), max_leaves=8,
), max_size=4)
whens = st.integers(EARLIEST, NOON)
named = {"channel": words, "region": words, "segment": words, "id": words}
sayings: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "order": st.fixed_dictionaries(
        {"orderId": words, "lines": st.lists(lines, min_size=1, max_size=3)},
        optional={"userId": words, "ts": whens, "staffId": words, "contentId": words, "extraThing": properties, **named},
    ),
    "sale": st.fixed_dictionaries(
        {"productId": words, "quantity": st.integers(0, 99), "revenue": prices},
        optional={"userId": words, "ts": whens, "orderId": words, "extra_thing": properties, **named},
    ),
    "status": st.fixed_dictionaries(
        {"orderId": words, "status": st.sampled_from(["completed", "failed"])}, optional={"ts": whens, "id": words}
    ),
    "refund": st.fixed_dictionaries(
        {"refundId": words, "orderId": words, "amount": st.integers(1, 10**6)}, optional={"ts": whens, "id": words,
        "why": words}
    ),
    "event": st.fixed_dictionaries(
        {"type": words},
        optional={"userId": words, "sessionId": words, "contentId": words, "count": st.integers(1, 9), "ts": whens,
                  "properties": properties, "staffId": words, **named},
    ),
    "activity": st.fixed_dictionaries(
        {"userId": words},
        optional={"userName": words, "pageViews": st.integers(0, 99), "activeFeature": words, "isActive": st.booleans(),
                  "featureTime": st.dictionaries(words, st.integers(0, 99), max_size=3), "timestamp": whens,
                  "featuresUsed": st.lists(words, max_size=3), "lastActionTime": whens, **named},
    ),
}
shapes: dict[str, Shape] = {
    "order": ORDER, "sale": SALE, "status": STATUS, "refund": REFUND, "event": EVENT, "activity": ACTIVITY, "line": LINE,
}
said_somehow = st.sampled_from(sorted(sayings)).flatmap(
    lambda name: st.tuples(st.just(name), sayings[name], st.randoms(use_true_random=False))
)


def respelled(said: dict[str, Any], shape: Shape, rand: Any) -> dict[str, Any]:
    """The same in other words: any spelling of each name, in any order."""
    other = {}
    for name, value in rand.sample(sorted(said.items()), len(said)):
        spellings = [spelling for spelling, meant in shape.spellings.items() if meant == name] or [name]
        other[rand.choice(spellings)] = reworded(name, value, rand)
    return other


def reworded(name: str, value: Any, rand: Any) -> Any:
    ways: list[Callable[[Any], Any]] = [lambda same: same]
    if name == "lines":
        return [respelled(line, LINE, rand) for line in value]
    if name in ("revenue", "amount"):
        ways += [str, lambda amount: f"{amount:.2f}", lambda amount: f" {amount} "]
    elif name in ("quantity", "count", "pageViews"):
        ways += [float, str]
    elif name in ("ts", "timestamp", "lastActionTime"):
        ways += [lambda when: moment(when).isoformat(), lambda when: moment(when).astimezone(EAST).isoformat()]
    elif name == "status":
        ways += [str.upper, str.title]
    elif isinstance(value, dict):
        return {key: reworded("", value[key], rand) for key in rand.sample(sorted(value), len(value))}
    elif isinstance(value, str) and name in ("orderId", "channel", "userId"):
        ways += [lambda text: f" {text} "]
    return rand.choice(ways)(value)


@given(said_somehow, st.integers(0, 10**9))
def test_the_same_said_in_other_words_is_the_same_event(somehow: tuple[str, dict[str, Any], Any], later: int):
    name, said, rand = somehow
    plain = one({**said, "record": name})
    other = one({**respelled(said, shapes[name], rand), "record": name}, now=NOON + later)
    assert (other.id, other.digest, other.kind, other.lines) == (plain.id, plain.digest, plain.kind, plain.lines)
    assert orjson.dumps(other.payload, option=orjson.OPT_SORT_KEYS) == orjson.dumps(plain.payload,
    option=orjson.OPT_SORT_KEYS)
    given_time = "ts" in said or "timestamp" in said or "lastActionTime" in said
    assert other[:3] + other[5:22] == plain[:3] + plain[5:22]
    assert other.at == (plain.at if given_time else NOON + later)


@given(said_somehow)
def test_admission_leaves_what_it_reads_as_it_was(somehow: tuple[str, dict[str, Any], Any]):
    name, said, _ = somehow
    record = {**said, "record": name}
    before = orjson.dumps(record)
    one(record)
    assert orjson.dumps(record) == before


@given(st.lists(said_somehow, max_size=5), st.integers(0, 5))
def test_records_are_judged_each_by_itself(somehows: list[tuple[str, dict[str, Any], Any]], split: int):
    records = [{**said, "record": name} for name, said, _ in somehows]
    whole = admit(*records)
    assert whole.events == [*admit(*records[:split]).events, *admit(*records[split:]).events]
    assert whole.indexes == list(range(len(records)))
