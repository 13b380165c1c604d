"""The shapes of records: the names of their fields in every spelling, and how a record without a name is told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from metrics_core.errors import UnknownNameError
from metrics_core.ingest.unfit import quoted, refuse

Fields: TypeAlias = Mapping[str, object]
"""What a record says under the names of its shape."""
Extra: TypeAlias = dict[str, object]
"""What it says besides, under the sender's own names."""


class Shape(NamedTuple):
    """A kind of record. `spellings` leads from every spelling of a field to its name; those that come first win."""

    name: str
    names: frozenset[str]
    spellings: dict[str, str]
    rank: dict[str, int]
    plural: str
    door: str

    def read(self, record: dict[str, object]) -> tuple[Fields, Extra]:
        """The fields of this shape under their names, and the rest."""
        if self.names.issuperset(record):
            return record, {}
        return self._spelled_out(record)

    def _spelled_out(self, record: dict[str, object]) -> tuple[Fields, Extra]:
        fields: dict[str, object] = {}
        said: dict[str, str] = {}
        extra: Extra = {}
        spellings = self.spellings
        for key, value in record.items():
            name = spellings.get(key)
            if name is None:
                if key == "record" and isinstance(value, str) and value in SHAPES:
                    continue
                extra[key] = value
            elif value is not None:
                before = said.get(name)
                if before is None:
                    fields[name], said[name] = value, key
                else:
                    self._says_it_once(name, (before, key), fields, said, extra, value)
        return fields, extra

    def _says_it_once(self, name: str, keys: tuple[str, str], fields: dict[str, object], said: dict[str, str],
                      extra: Extra, value: object) -> None:
        """Of two fields with one meaning the first in rank counts and the other is kept beside; twins must agree."""
        before, key = keys
        if same(fields[name], value):
            return
        if snake(before) == snake(key):
            first = quoted(fields[name])
            refuse("says_it_once", name, f"{before!r} is {first} and {key!r} is {quoted(value)}. Send one of them.")
        if self.rank[key] < self.rank[before]:
            extra[before] = fields[name]
            fields[name], said[name] = value, key
        else:
            extra[key] = value


def snake(name: str) -> str:
    """`orderId` as `order_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`order_id` as `orderId`."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _shape(name: str, plural: str, door: str, fields: str, **also: str) -> Shape:
    """Each field is spelled in camelCase and snake_case, and so is each of the other names it goes by."""
    spellings: dict[str, str] = {}
    for field in fields.split():
        for other in (field, *also.get(field, "").split()):
            spellings[camel(snake(other))] = field
            spellings[snake(other)] = field
    rank = {key: place for place, key in enumerate(spellings)}
    return Shape(name, frozenset(fields.split()), spellings, rank, plural, door)


_ORDER = "id orderId userId ts status channel region staffId contentId segment company currency"
_TIMES = "timestamp date"

ORDER = _shape("order", "orders", "/api/v1/orders", f"{_ORDER} lines", ts=_TIMES)
SALE = _shape("sale", "sales", "/api/v1/orders", f"{_ORDER} productId quantity revenue", ts=_TIMES)
STATUS = _shape("status", "order statuses", "/api/v1/orders/{order_id}/status", "id orderId status ts", ts=_TIMES)
REFUND = _shape("refund", "refunds", "/api/v1/refunds", "id refundId orderId amount currency ts", ts=_TIMES)
EVENT = _shape(
    "event", "events", "/api/v1/events",
    "id type userId sessionId contentId feature count properties ts channel region company staffId segment",
    ts="timestamp", properties="data",
)
ACTIVITY = _shape(
    "activity", "user activity", "/api/v1/activity",
    "id userId userName email company timestamp sessionDuration pageViews clickCount scrollDepth featuresUsed activeFeature "
    "featureTime eventsTriggered queriesRun reportsCreated dashboardsViewed isActive lastAction lastActionTime "
    "sessionId contentId channel region segment",
    timestamp="ts", userName="name", sessionDuration="session_time_minutes", pageViews="pages_viewed",
    activeFeature="current_feature", featuresUsed="features_accessed", isActive="is_currently_active",
    lastActionTime="last_action_timestamp",
)
LINE = _shape("line", "lines", "/api/v1/orders", "productId quantity revenue currency")

SHAPES: dict[str, Shape] = {shape.name: shape for shape in (ORDER, STATUS, REFUND, EVENT, ACTIVITY, SALE)}


def shape_named(name: str) -> Shape:
    if name not in SHAPES:
        raise UnknownNameError(what="record", name=name, known=SHAPES)
    return SHAPES[name]


def has_a_known_shape(record: dict[str, object], door: Shape | None) -> Shape:
    """What a record is: what its door takes, what it calls itself under `record`, or what its fields look like."""
    said = record.get("record")
    named = SHAPES.get(said) if isinstance(said, str) else None
    if door is None:
        if said is not None and named is None:
            refuse("has_a_known_shape", "record", f"{UnknownNameError('record', _short(said), SHAPES)}")
        return named or _told_by_its_fields(record)
    if named is not None and named is not door and not (door is ORDER and named is SALE):
        refuse(
            "has_a_known_shape", "record",
            f"This way in takes {door.plural}. Send {named.plural} to {named.door} or to /api/v1/ingest.",
        )
    if door is ORDER and (named is SALE or (record.get("lines") is None and _has(record, _PRODUCT))):
        return SALE
    return door


_USER = ("userId", "user_id")
_ORDER_ID = ("orderId", "order_id")
_PRODUCT = ("productId", "product_id")
_OF_AN_ACTIVITY = tuple(
    key for key, name in ACTIVITY.spellings.items()
    if name not in ("id", "userId", "sessionId", "contentId", "channel", "region", "segment")
)

_SIGNS: tuple[tuple[Shape, tuple[tuple[str, ...], ...], bool], ...] = (
    (ORDER, (("lines",),), False),
    (SALE, (_PRODUCT, ("revenue",)), True),
    (REFUND, (("refundId", "refund_id"),), False),
    (REFUND, (("amount",), _ORDER_ID), True),
    (STATUS, (_ORDER_ID, ("status",)), True),
    (EVENT, (("type",),), False),
    (ACTIVITY, (_USER, _OF_AN_ACTIVITY), False),
)
"""What a record is told by, first come first: one field of each group is there. The last says that a `type` beside them
makes it doubtful: an event about an order must not be booked as one."""


def _told_by_its_fields(record: dict[str, object]) -> Shape:
    for shape, signs, doubtful in _SIGNS:
        for names in signs:
            if not _has(record, names):
                break
        else:
            if doubtful and record.get("type") is not None:
                refuse(
                    "has_a_known_shape", "type",
                    f"It reads as {_a(shape)}, but with a type, {quoted(record['type'])}, as an event. Say which it is: add "
                    f'"record": "{shape.name}" or "record": "event".',
                )
            return shape
    refuse(
        "has_a_known_shape", None,
        f'No kind of record has these fields. Say which it is: add "record", one of {", ".join(SHAPES)}.',
    )


def _has(record: dict[str, object], names: Iterable[str]) -> bool:
    for name in names:
        if record.get(name) is not None:
            return True
    return False


def _a(shape: Shape) -> str:
    return {"status": "an order status"}.get(shape.name, f"a {shape.name}")


def _short(said: object) -> str:
    return said if isinstance(said, str) else quoted(said)


def same(one: object, other: object) -> bool:
    try:
        return one == other
    except RecursionError:
        return False
