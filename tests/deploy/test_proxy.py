"""Replicas behind nginx with the configuration of deploy/: a real proxy with TLS, real processes, a real PostgreSQL."""

from __future__ import annotations

import http.client
import json
import os
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect
from websockets.exceptions import InvalidStatus

from tests.deploy.hands import (
    BODY,
    BUSY_KEY,
    KEY,
    LOAD_KEY,
    MOST,
    House,
    again,
    cookie_of,
    heard,
    renamed,
    replica_of,
    revenue_in,
    shows,
    socket_to,
    went,
)
from tests.deploy.house import NAME, OUTSIDER, PROXY, nginx
from tests.failover.load import Load, figures_of, records
from tests.servers.postgres import binaries, postgres

pytestmark = [
    pytest.mark.servers, pytest.mark.timeout(300),
    pytest.mark.skipif(
        (nginx() is None or binaries() is None) and not os.environ.get("CI"), reason="nginx or PostgreSQL is not here"
    ),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------- readers


def test_an_order_taken_in_by_one_process_moves_the_page_of_another(house: House, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(house.proxy.url)
    shows(page, house.revenue())
    page.evaluate("window.same = true")
    for replica in (house.doors, *house.pages):
        house.sell(f"past the proxy {replica.name}", at=replica)
        shows(page, house.revenue())
    house.sell("through the proxy")
    shows(page, house.revenue())
    assert page.evaluate("window.same"), "the page was loaded again"
    page.close()


def test_a_socket_brings_what_another_process_took_in(house: House) -> None:
    with socket_to(house) as ws:
        before = revenue_in(json.loads(ws.recv(30)))
        house.sell("for the socket")
        while revenue_in(json.loads(ws.recv(30))) < before + 10:
            pass
        ws.send('{"type": "ping"}')
        while json.loads(ws.recv(30))["type"] != "pong":
            pass


def test_an_event_stream_comes_through_as_it_is_sent(house: House) -> None:
    line = house.proxy.line()
    line.request("GET", "/api/v1/stream", headers={"Host": house.proxy.authority})
    stream = line.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")

    def message() -> dict[str, Any]:
        while not (read := stream.readline()).startswith(b"data: "):
            assert read, "the stream has ended"
        return dict(json.loads(read.removeprefix(b"data: ")))

    before = revenue_in(message())
    for number in range(1, 4):  # nothing of it would fill a buffer
        house.sell(f"for the stream {number}")
        while revenue_in(message()) < before + 10 * number:
            pass
    line.close()


# ----------------------------------------------------------------------------------------------------- where it leads


def test_a_browser_stays_with_one_replica_and_others_go_to_others(house: House) -> None:
    first = house.proxy.call("GET", "/health")
    assert first.headers["set-cookie"].endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
    cookie = cookie_of(first)
    assert "set-cookie" not in house.proxy.call("GET", "/health", Cookie=cookie).headers
    assert len({replica_of(house, cookie).name for _ in range(6)}) == 1
    others = {replica_of(house, cookie_of(house.proxy.call("GET", "/health"))).name for _ in range(16)}
    assert others == {replica.name for replica in house.pages}


def test_records_go_to_the_process_that_serves_the_doors_alone(house: House) -> None:
    house.sell("where it goes")
    assert set(went(house, "/api/v1/orders")) == {house.doors.name}


def test_the_log_of_the_proxy_holds_no_key(house: House) -> None:
    with socket_to(house, f"/ws/metrics?key={KEY}") as ws:
        ws.recv(30)
    assert house.proxy.call("GET", f"/api/v1/stream?limit=1&key={KEY}").status == 200
    assert went(house, "/ws/metrics")
    assert went(house, "/api/v1/stream")
    assert KEY not in house.proxy.log()


def test_who_comes_without_encryption_is_led_to_it(house: House) -> None:
    line = http.client.HTTPConnection(PROXY, house.proxy.plain_port, timeout=30)
    line.request("GET", "/data?tab=Verify", headers={"Host": NAME})
    answer = line.getresponse()
    assert (answer.status, answer.headers["location"]) == (301, f"https://{NAME}/data?tab=Verify")
    line.close()


def test_a_replica_says_that_it_lives(house: House) -> None:
    for replica in house.pages:
        assert replica.call("GET", "/_stcore/health").status == 200
    assert {replica.call("GET", "/health").json()["status"] for replica in (*house.pages, house.doors)} == {"ok"}


@pytest.mark.parametrize("path", ("/metrics", "/_stcore/metrics"))
def test_what_one_replica_counts_is_for_those_who_ask_it(house: House, path: str) -> None:
    assert house.proxy.call("GET", path).status == 404
    assert house.pages[0].call("GET", path).status == 200


# ------------------------------------------------------------------------------------------------------ who may do what


@pytest.mark.parametrize("path", ("/ws/metrics", "/_stcore/stream"))
def test_pages_of_other_addresses_open_no_socket(house: House, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, socket_to(house, path, Origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with socket_to(house, path, Origin=house.proxy.url):
        pass


def test_pages_of_other_addresses_may_not_send_even_with_a_key(house: House) -> None:
    body = {"orderId": "evil", "lines": [{"productId": "lamp", "quantity": 1, "revenue": "1.00"}]}
    for origin, status in (("https://evil.example", 403), (house.proxy.url, 200)):
        answer = house.proxy.call("POST", "/api/v1/orders", body, X_API_Key=KEY, Origin=origin)
        assert answer.status == status, answer


def test_without_a_key_nothing_is_taken_in_whoever_they_claim_to_be(house: House) -> None:
    body = {"orderId": "forged", "userId": "u", "lines": [{"productId": "lamp", "quantity": 1, "revenue": "1.00"}]}
    for claim in ({}, {"X_Forwarded_For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}):
        assert house.proxy.call("POST", "/api/v1/orders", body, source=OUTSIDER, **claim).status == 401


@pytest.mark.parametrize("through_the_proxy", (True, False))
def test_the_address_of_a_client_is_the_one_it_came_from(house: House, through_the_proxy: bool) -> None:
    evil = f"https://evil-{through_the_proxy}.example"
    if through_the_proxy:
        with pytest.raises(InvalidStatus), socket_to(house, source=OUTSIDER, Origin=evil, X_Forwarded_For="10.9.8.7"):
            pass
    else:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
        for replica in house.pages:
            told = replica.call("GET", "/ws/metrics", source=OUTSIDER, Origin=evil, X_Forwarded_For="10.9.8.7", **upgrade)
            assert told.status == 403
    refused = [json.loads(line) for replica in house.pages for line in replica.log().splitlines() if evil in line]
    assert {line["client"] for line in refused} == {OUTSIDER}


def test_a_key_has_one_allowance_wherever_its_sender_claims_to_be(house: House) -> None:
    event = {"type": "content_view", "contentId": "home"}
    answers = [
        house.proxy.call("POST", "/api/v1/events", event, X_API_Key=BUSY_KEY, X_Forwarded_For=f"10.0.0.{number}")
        for number in range(MOST + 1)
    ]
    assert [answer.status for answer in answers] == [200] * MOST + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


# --------------------------------------------------------------------------------------------------------------- sizes


def test_a_body_that_is_too_large_is_refused_in_the_shape_of_every_error(house: House) -> None:
    large = house.proxy.call("POST", "/api/v1/ingest", ["x" * BODY], X_API_Key=KEY)
    line = house.proxy.line()
    line.putrequest("POST", "/api/v1/ingest", skip_host=True)
    for name, value in (("Host", house.proxy.authority), ("Content-Length", str(33 * 1024 * 1024)), ("X-API-Key", KEY)):
        line.putheader(name, value)
    line.endheaders()
    larger = line.getresponse()  # of the proxy, which need not wait for it
    told = json.loads(larger.read())
    line.close()
    assert (large.status, larger.status) == (413, 413)
    assert large.json()["error"]["code"] == told["error"]["code"] == "too_large"


# ------------------------------------------------------------------------------------------------------------- trouble


def test_when_a_replica_dies_its_readers_go_on_with_another(house: House, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(house.proxy.url)
    shows(page, house.revenue())
    [mine] = [cookie["value"] for cookie in visitor.cookies() if cookie["name"] == "pulseboard_browser"]
    cookie = f"pulseboard_browser={mine}"
    dying = replica_of(house, cookie)
    with socket_to(house, Cookie=cookie) as ws:
        ws.recv(30)
        dying.kill()
        with pytest.raises(ConnectionError):
            heard(ws)
    with socket_to(house, Cookie=cookie) as ws:
        before = revenue_in(json.loads(ws.recv(30)))
        house.sell("after the death of a replica")
        while revenue_in(json.loads(ws.recv(30))) < before + 10:
            pass
    shows(page, house.revenue())
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=60_000)
    page.close()
    dying.start()
    dying.until_it_answers()
    again(lambda: replica_of(house, cookie) is dying)


def test_while_the_database_is_away_pages_keep_their_figures_and_say_since_when(
    house: House, visitor: BrowserContext
) -> None:
    pages = [visitor.new_page() for _ in house.pages]
    for page, replica in zip(pages, house.pages, strict=True):
        page.goto(f"http://{replica.name}")
        shows(page, house.revenue())
    revenue, server = house.revenue(), postgres()
    with server.away():
        for page in pages:
            expect(page.locator("[data-is=stalewords]")).to_contain_text("The database does not answer.", timeout=60_000)
            expect(page.locator("[data-is=pill]")).to_contain_text(re.compile(r"\d+ \w+ old"))
            expect(page.locator("[data-is=today].counter")).to_have_attribute("data-text", f"${revenue:,.2f}")
        body = {"orderId": "later", "lines": [{"productId": "lamp", "quantity": 1, "revenue": "1.00"}]}
        answer = house.proxy.call("POST", "/api/v1/orders", body, X_API_Key=KEY)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert house.proxy.call("GET", "/health").status == 503
    for page in pages:
        shows(page, revenue)
    house.sell("after the database was away")
    for page in pages:
        shows(page, house.revenue())
        page.close()


@pytest.mark.parametrize("how", ("kill", "stop"))
def test_a_process_that_goes_under_load_loses_nothing_that_was_acknowledged(house: House, how: str) -> None:
    before = house.revenue()
    sent = [renamed(record, how) for record in records(700)]
    load = Load(house.proxy.line, sent, per_second=100, Host=house.proxy.authority, X_API_Key=LOAD_KEY)
    load.until(lambda load: len(load.acknowledged) >= 200)
    getattr(house.doors, how)()
    load.end()
    assert load.acknowledged == {record["id"] for record in sent}
    expected = figures_of(sent)
    assert house.revenue() - before == pytest.approx(expected["gross_revenue"] - expected["refunds"])
    house.doors.start()
    house.doors.until_it_answers()


def test_when_nobody_answers_senders_are_told_to_come_back(house: House) -> None:
    house.doors.kill()
    house.sell("while a replica stands in for the doors")
    for replica in house.pages:
        replica.kill()
    answer = house.proxy.call("POST", "/api/v1/orders", {}, X_API_Key=KEY)
    assert (answer.status, answer.headers["retry-after"], answer.json()["error"]["code"]) == (503, "5", "busy")
    house.doors.start()
    house.doors.until_it_answers()
    again(lambda: house.proxy.call("POST", "/api/v1/orders", {}, X_API_Key=KEY).status == 422)
