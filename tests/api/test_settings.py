"""Settings: read from the environment, and a wrong one is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics_core.errors import SettingError
from metrics_core.settings import CURRENCY_DIGITS, RateLimit, Settings, is_loopback


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from any `.env`."""
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_it_works_on_this_machine_with_the_embedded_database() -> None:
    settings = Settings()
    assert settings.database_url == "sqlite:///data/pulseboard.db"
    assert (settings.currency, settings.currency_digits, str(settings.zone)) == ("USD", 2, "UTC")
    assert settings.on_loopback
    assert settings.api_keys == ()
    assert settings.rate_limit is None


def test_every_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "sqlite:///elsewhere.db", "CURRENCY": "jpy", "TIMEZONE": "Asia/Kathmandu", "WEEK_START": "Sunday",
        "API_KEYS": "first-key, second-key", "CORS_ORIGIN": "https://a.example/,https://b.example",
        "WEBSOCKET_MAX_CONNECTIONS": "7", "CACHE_TTL_SECONDS": "1.5", "EVENT_PROCESSING_RATE_LIMIT": "20/second",
        "INBOX_LIMIT": "9", "MAX_BODY_BYTES": "1MiB", "HOST": "0.0.0.0", "ACTIVE_THRESHOLD_MINUTES": "5",
        "DEMO": "true", "LOG_LEVEL": "debug",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.database_url == "sqlite:///elsewhere.db"
    assert (settings.currency, settings.currency_digits) == ("JPY", 0)
    assert (settings.calendar.zone.key, settings.calendar.week_start) == ("Asia/Kathmandu", 6)
    assert settings.api_keys == ("first-key", "second-key")
    assert settings.cors_origin == ("https://a.example", "https://b.example")
    assert (settings.websocket_max_connections, settings.inbox_limit, settings.max_body_bytes) == (7, 9, 1024 * 1024)
    assert (settings.cache_ttl_seconds, settings.active_threshold_minutes) == (1.5, 5)
    assert settings.rate_limit == RateLimit(20, 1)
    assert not settings.on_loopback
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    (
        ("WEEK_START", "mittwoch", "'mittwoch'.*monday, tuesday"),
        ("TIMEZONE", "Mars/Olympus", "'Mars/Olympus'.*Europe/Berlin"),
        ("CURRENCY", "zzz", "'zzz'.*ISO 4217"),
        ("MAX_BODY_BYTES", "many", "'many'.*32MiB"),
        ("MAX_BODY_BYTES", "10", "'10'.*from 1024"),
        ("WEBSOCKET_MAX_CONNECTIONS", "0", "'0'.*from 1"),
        ("CACHE_TTL_SECONDS", "-1", "'-1'.*from 0"),
        ("EVENT_PROCESSING_RATE_LIMIT", "often", "'often'.*100/minute"),
        ("INBOX_LIMIT", "1.5", "'1.5'.*whole number"),
        ("ACTIVE_THRESHOLD_MINUTES", "0", "'0'.*more than 0"),
        ("DEMO", "perhaps", "'perhaps'.*true or false"),
        ("LOG_LEVEL", "loud", "'loud'.*DEBUG, INFO"),
        ("CORS_ORIGIN", "shop.example", "https://shop.example"),
    ),
)
def test_a_wrong_value_is_one_sentence_with_the_variable_the_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=rf"^{name}.*{says}") as raised:
        Settings()
    assert "\n" not in str(raised.value)


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:ann:secret@db")
    with pytest.raises(SettingError, match=r"^DATABASE_URL has a value") as raised:
        Settings()
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:secret@db/x")
    monkeypatch.setenv("API_KEYS", "secret-key")
    assert "secret" not in repr(Settings())


@pytest.mark.parametrize(
    ("text", "limit"),
    (
        ("100", RateLimit(100, 60)), ("100/minute", RateLimit(100, 60)), ("5 per second", RateLimit(5, 1)),
        ("7/hours", RateLimit(7, 3600)), ("off", None), ("0", None),
    ),
)
def test_a_rate_is_a_number_in_a_unit_of_time(monkeypatch: pytest.MonkeyPatch, text: str, limit: RateLimit | None) -> None:
    monkeypatch.setenv("EVENT_PROCESSING_RATE_LIMIT", text)
    assert Settings(bind_host="0.0.0.0").rate_limit == limit


def test_a_hundred_a_minute_where_others_can_reach_it_and_no_limit_on_loopback() -> None:
    assert Settings(bind_host="0.0.0.0").rate_limit == RateLimit(100, 60)
    assert Settings(bind_host="::1").rate_limit is None


def test_demo_data_is_never_filled_where_a_database_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "1")
    assert Settings().fills_demo
    monkeypatch.setenv("DATABASE_URL", "sqlite:///data/pulseboard.db")
    assert not Settings().fills_demo


def test_the_file_of_the_embedded_database_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSEBOARD_DATA", "data/demo.db")
    assert Settings().database_url == "sqlite:///data/demo.db"


@pytest.mark.parametrize("host", ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST.", "app.localhost",
                                  "::ffff:127.0.0.1"))
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.168.1.7", "localhost.evil.example", "127.0.0.1.evil.example", "",
                                  None))
def test_everything_else_is_not(host: str | None) -> None:
    assert not is_loopback(host)


def test_currencies_have_their_own_decimals() -> None:
    assert {code: CURRENCY_DIGITS[code] for code in ("USD", "EUR", "JPY", "KWD", "CLF")} == {
        "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4,
    }
