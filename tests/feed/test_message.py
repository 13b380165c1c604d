"""Messages: what may be asked for, and what a `metrics` body holds."""

from __future__ import annotations

import orjson
import pytest

from metrics_core.errors import UnknownNameError
from metrics_core.feed import message

SNAPSHOT = {"seq": 7, "asOf": "2025-11-04T10:30:00.000Z", "dataThrough": None, "computedAt": "2025-11-04T10:30:00.010Z"}


def figure(value: float | None) -> dict[str, object]:
    return {"value": value, "before": None, "change": None, "as": "none"}


def live(rate: float | None = 4.304) -> dict[str, object]:
    figures = {"views": figure(125000), "purchases": figure(5380), "conversion_rate": figure(rate)}
    return {
        "snapshot": SNAPSHOT,
        "revenue": {"total": 125000.5, "today": 5420.0, "thisWeek": 32100.0, "thisMonth": 98500.0},
        "activeUsers": {"current": 42, "today": 1250, "peak24h": 89, "peakAt": "2025-11-04T09:12:00.000Z"},
        "transactions": {"total": 5420, "pending": 12, "completed": 5380, "failed": 28},
        "periods": {"today": {"figures": figures}},
        "recent": [],
    }


def test_the_metrics_body_has_the_agreed_keys_exactly_with_the_snapshot_beside_them() -> None:
    assert message.metrics_of(live()) == {
        "revenue": {"total": 125000.50, "today": 5420.00, "thisWeek": 32100.00, "thisMonth": 98500.00},
        "activeUsers": {"current": 42, "today": 1250, "peak24h": 89},
        "transactions": {"total": 5420, "pending": 12, "completed": 5380, "failed": 28},
        "content": {"totalViews": 125000, "totalPurchases": 5380, "conversionRate": 4.30},
        "timestamp": "2025-11-04T10:30:00.000Z",
        "snapshot": SNAPSHOT,
    }


def test_a_conversion_rate_without_views_is_not_available() -> None:
    assert message.metrics_of(live(None))["content"]["conversionRate"] is None


def test_a_message_says_its_type() -> None:
    assert orjson.loads(message.encode("metrics", {"a": 1})) == {"type": "metrics", "data": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "topics"),
    (
        (None, ("metrics",)), ("", ("metrics",)), (" , ", ("metrics",)), ("live", ("live",)),
        ("live, curves,live", ("live", "curves")),
    ),
)
def test_topics_are_a_list_with_commas(text: str | None, topics: tuple[str, ...]) -> None:
    assert message.topics_of(text) == topics


def test_an_unknown_topic_or_origin_is_answered_with_what_was_meant() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'metrics'"):
        message.topics_of("metric")
    with pytest.raises(UnknownNameError, match="Did you mean 'real'"):
        message.view_of("reel")
    assert message.view_of(None) == "real"
