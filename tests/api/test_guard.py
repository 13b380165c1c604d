"""The guard: what is open to whom, by where the server listens, where the caller comes from, and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from metrics_core.access.guard import Guard, Knock
from metrics_core.access.keys import KeyRing
from metrics_core.access.rates import Rates
from metrics_core.clock import SystemClock
from metrics_core.errors import ForbiddenError, NotAllowedError, TooManyError
from metrics_core.settings import RateLimit, Settings

KEY = "a-long-enough-random-key"
HERE = Knock(server="127.0.0.1", client="127.0.0.1", host="127.0.0.1:8501")
LAN = Knock(server="192.168.1.7", client="192.168.1.20", host="192.168.1.7:8501")
PAGE = "https://shop.example"


def guard(**settings: Any) -> Guard:
    return Guard(Settings(_env_file=None, **settings))


def test_on_loopback_everything_works_at_once() -> None:
    open_house = guard()
    open_house.may_read(HERE)
    open_house.may_connect(HERE)
    assert open_house.may_change(HERE) == "127.0.0.1"
    assert not open_house.needs_key
    assert open_house.why_closed() is None


@pytest.mark.parametrize("host", ("localhost:8501", "127.0.0.1", "[::1]:8501", "app.localhost:8501"))
def test_this_machine_has_several_names(host: str) -> None:
    guard().may_change(replace(HERE, host=host))


def test_a_call_from_inside_this_process_is_local() -> None:
    assert guard().may_change(Knock(server="testserver", client="testclient", host="testserver")) == "testclient"


def test_once_a_key_is_set_every_change_needs_one_on_this_machine_too() -> None:
    keyed = guard(api_keys=(KEY,))
    keyed.may_read(HERE)
    with pytest.raises(NotAllowedError, match="Send one of API_KEYS"):
        keyed.may_change(HERE)
    with pytest.raises(NotAllowedError, match="is not one of API_KEYS"):
        keyed.may_change(replace(HERE, key="a-long-enough-random-kez"))
    assert keyed.may_change(replace(HERE, key=KEY)).startswith("key ")
    assert keyed.needs_key


def test_elsewhere_reading_is_open_and_changes_are_refused_with_what_to_set() -> None:
    public = guard(bind_host="0.0.0.0")
    public.may_read(LAN)
    public.may_connect(LAN)
    for knock in (LAN, HERE, replace(LAN, key="any")):
        with pytest.raises(ForbiddenError, match=r"listens on 0\.0\.0\.0.*Set API_KEYS"):
            public.may_change(knock)
    assert public.why_closed() is not None


def test_elsewhere_a_key_opens() -> None:
    public = guard(bind_host="0.0.0.0", api_keys=(KEY, "another-key-of-good-length"))
    with pytest.raises(NotAllowedError):
        public.may_change(LAN)
    public.may_change(replace(LAN, key=KEY))
    assert public.why_closed() is None
    assert public.holds(KEY)
    assert not public.holds("guess")
    assert not public.holds(None)


def test_a_server_that_was_bound_elsewhere_without_our_knowing_is_not_open() -> None:
    with pytest.raises(ForbiddenError, match="came from elsewhere"):
        guard().may_change(LAN)


def test_what_a_proxy_passes_on_needs_a_key() -> None:
    passed_on = replace(HERE, forwarded=True)
    with pytest.raises(ForbiddenError, match="through a proxy"):
        guard().may_change(passed_on)
    guard(api_keys=(KEY,)).may_change(replace(passed_on, key=KEY))


def test_a_page_elsewhere_may_not_send() -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:3000", "null", "http://127.0.0.1.evil.example:8501"):
        with pytest.raises(ForbiddenError, match="CORS_ORIGIN"):
            guard().may_change(replace(HERE, origin=origin))
        with pytest.raises(ForbiddenError, match="CORS_ORIGIN"):
            guard().may_connect(replace(HERE, origin=origin))


def test_our_own_pages_may() -> None:
    for origin in ("http://127.0.0.1:8501", "http://localhost:8501", "HTTP://127.0.0.1:8501/"):
        guard().may_change(replace(HERE, origin=origin))
        guard().may_connect(replace(HERE, origin=origin))
    secure = Knock(server="10.0.0.5", client="10.0.0.9", host="metrics.example", origin="https://metrics.example:443")
    guard(bind_host="0.0.0.0").may_connect(secure)


def test_pages_of_cors_origin_may() -> None:
    friendly = guard(cors_origin=(PAGE,))
    friendly.may_change(replace(HERE, origin=PAGE))
    friendly.may_connect(replace(HERE, origin=PAGE))
    with pytest.raises(ForbiddenError):
        friendly.may_change(replace(HERE, origin="https://shop.example.evil"))


def test_a_star_lets_every_page_read_but_change_only_with_a_key() -> None:
    anyone = guard(cors_origin=("*",))
    anyone.may_connect(replace(HERE, origin=PAGE))
    with pytest.raises(ForbiddenError):
        anyone.may_change(replace(HERE, origin=PAGE))
    guard(cors_origin=("*",), api_keys=(KEY,)).may_change(replace(HERE, origin=PAGE, key=KEY))


def test_a_name_that_somebody_gave_this_machine_opens_nothing() -> None:
    rebound = replace(HERE, host="evil.example:8501", origin="http://evil.example:8501")
    for asks in (guard().may_read, guard().may_connect, guard().may_change):
        with pytest.raises(ForbiddenError, match=r"was called 'evil\.example'"):
            asks(rebound)
    guard(cors_origin=("http://metrics.example",)).may_read(replace(HERE, host="metrics.example"))
    guard().may_read(replace(HERE, host="127.0.0.1:9999"))


@pytest.mark.parametrize(
    ("settings", "says"),
    (
        ({}, ("Reading is open to this machine", "open to this machine")),
        ({"api_keys": (KEY,)}, ("Reading is open to this machine", "need one of 1 keys")),
        ({"bind_host": "0.0.0.0"}, ("open to everyone who can reach 0.0.0.0", "Set API_KEYS")),
        ({"bind_host": "0.0.0.0", "api_keys": ("short",)}, ("everyone", "need one of", "fewer than 16")),
        ({"cors_origin": (PAGE,)}, ("this machine", "this machine", PAGE)),
    ),
)
def test_the_start_up_log_says_what_is_open(settings: dict[str, Any], says: tuple[str, ...]) -> None:
    sentences = list(guard(**settings).opening())
    assert len(sentences) == len(says)
    for sentence, part in zip(sentences, says, strict=True):
        assert part in sentence
    assert KEY not in " ".join(sentences)


def test_keys_are_kept_as_hashes_and_named_apart() -> None:
    ring = KeyRing(("one-key-of-good-length", "two-key-of-good-length", "one-key-of-good-length"))
    assert len(ring) == 2
    names = {ring.name_of("one-key-of-good-length"), ring.name_of("two-key-of-good-length")}
    assert len(names) == 2
    assert ring.name_of("") is ring.name_of(None) is ring.name_of("one") is ring.name_of("\ud800") is None
    assert "one-key" not in repr(vars(ring))


def test_each_caller_has_a_limit_of_its_own() -> None:
    rates = Rates(RateLimit(3, 60), SystemClock())
    for _ in range(3):
        rates.count("ann")
    with pytest.raises(TooManyError, match="More than 3 requests") as raised:
        rates.count("ann")
    assert raised.value.retry_after is not None
    assert 1 <= raised.value.retry_after <= 60
    rates.count("bob")


def test_without_a_limit_nobody_is_counted() -> None:
    rates = Rates(None, SystemClock())
    for _ in range(1000):
        rates.count("ann")
