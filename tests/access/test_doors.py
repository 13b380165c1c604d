"""Who gets what at every door of a house where people sign in: REST, sockets, event streams, dashboards and links."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from metrics_core.clock import SystemClock
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import SECOND
from tests import given
from tests.api.conftest import Open
from tests.api.conftest import opened as opened

QUESTION = {"measures": ["orders"], "over": "24h", "by": ["region"]}
CARD = {"id": "w1", "kind": "bar_chart", "title": "", "spec": {"measures": ["orders"], "split": "region"},
        "place": {"x": 0, "y": 0, "w": 6, "h": 4}}  # fmt: skip
CLOSED: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/query", QUESTION), ("GET", "/api/v1/measures", None), ("GET", "/api/v1/snapshot", None),
    ("GET", "/api/v1/analytics/realtime-metrics", None), ("GET", "/api/metrics", None), ("GET", "/metrics", None),
    ("GET", "/api/v1/stream?limit=1", None), ("GET", "/api/v1/dashboards", None), ("GET", "/api/v1/widgets", None),
    ("GET", "/api/v1/dashboards/overview", None), ("POST", "/api/v1/dashboards/overview/data", {}),
    ("POST", "/api/v1/dashboards", {"document": {"title": "Mine", "widgets": []}}),
    ("GET", "/analytics/widgets/data", None), ("GET", "/analytics/dashboard/realtime", None),
    ("GET", "/analytics/dashboard/layout/default", None), ("POST", "/api/v1/orders", []), ("POST", "/api/metrics", []),
    ("GET", "/api/v1/dashboards/overview/shares", None),
    ("POST", "/api/v1/dashboards/overview/share", {}), ("POST", "/api/v1/explain", {"measure": "orders", "over": "24h"}),
)  # fmt: skip


@pytest.fixture
def client(opened: Open) -> TestClient:
    """A house where people sign in, with an order in Europe and two in Asia, a moment ago."""
    client = opened(sign_in=True, admin_emails=("mara@example.com",))
    now = SystemClock().now() - SECOND
    records = [
        given.order_record(ts=now, region=region, userId=user)
        for region, user in (("Europe", "eva"), ("Asia", "aki"), ("Asia", "ami"))
    ]
    records += [given.activity_record(user, ts=now, region=region) for user, region in (("eva", "Europe"), ("aki", "Asia"))]
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    assert engine.accept(records).accepted == 5
    return client


@pytest.fixture
def engine(client: TestClient) -> Engine:
    found: Engine = client.app.state.engine  # type: ignore[attr-defined]
    return found


def ticket(engine: Engine, role: Role, **filters: list[str]) -> dict[str, str]:
    """The ticket of somebody's page."""
    email = f"{role.name.lower()}@example.com"
    engine.people.keep(email, LOCAL, role=role, filters=filters, name=role.name.title())
    return {"X-Ticket": engine.tickets.mint(engine.people.principal(email))}


def asked(client: TestClient, method: str, path: str, body: Any, **how: Any) -> Any:
    return client.request(method, path, json=body, **how)


@pytest.mark.parametrize(("method", "path", "body"), CLOSED)
def test_without_signing_in_every_door_is_closed(client: TestClient, method: str, path: str, body: Any) -> None:
    answer = asked(client, method, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "key_needed")
    assert "Sign in" in answer.json()["error"]["message"]
    forged = {"X-Ticket": "WyJtYXJhQGV4YW1wbGUuY29tIiw5OTk5OTk5OTk5OTk5OTk5XQ.forged"}
    assert asked(client, method, path, body, headers=forged).status_code == 401
    assert asked(client, method, path, body, headers={"X-API-Key": "pb_forged"}).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), CLOSED)
def test_a_link_opens_its_dashboard_and_nothing_else(
    client: TestClient, engine: Engine, method: str, path: str, body: Any
) -> None:
    made = engine.shelf.create({"title": "Shown", "visibility": "everyone", "widgets": [CARD]}, LOCAL)
    share, token = engine.shares.create(made.id, LOCAL, state=State(where={"region": ("Europe",)}))
    opened = client.post("/api/v1/shares/open", json={"token": token})
    assert opened.status_code == 200, opened.text
    headers = {"X-Ticket": opened.json()["ticket"]}
    ask = {"state": {"where": {"region": ["Asia"]}}}
    drawn = client.post(f"/api/v1/dashboards/{made.id}/data", json=ask, headers=headers)
    assert drawn.status_code == 200
    assert "Asia" not in drawn.text
    if path not in ("/api/v1/dashboards", "/api/v1/widgets", "/api/v1/measures") or method == "POST":
        assert asked(client, method, path, body, headers=headers).status_code in (403, 404)
    listed = client.get("/api/v1/dashboards", headers=headers).json()["dashboards"]
    assert [row["id"] for row in listed] == [made.id]
    engine.shares.revoke(made.id, share.id, LOCAL)
    assert client.post(f"/api/v1/dashboards/{made.id}/data", json={}, headers=headers).status_code == 410


def test_what_says_that_it_runs_stays_open_and_says_no_more(client: TestClient, engine: Engine) -> None:
    for path in ("/health", "/api/v1/health", "/analytics/health"):
        report = client.get(path).json()
        assert report["status"] in ("ok", "degraded")
        assert report["counts"] == {}
        assert not any(part["detail"] for part in report["parts"].values())
    assert client.get("/api/v1/health", headers=ticket(engine, Role.ADMIN)).json()["counts"]
    assert client.get("/api/docs").status_code == 200


REACH = {
    "look": ("GET", "/api/v1/snapshot", None), "ask": ("POST", "/api/v1/query", QUESTION),
    "explain": ("POST", "/api/v1/explain", {"measure": "orders", "over": "24h"}),
    "arrange": ("POST", "/api/v1/dashboards", {"document": {"title": "Mine", "widgets": []}}),
    "share": ("POST", "/api/v1/dashboards/overview/share", {}), "send": ("POST", "/api/v1/orders", []),
}  # fmt: skip
LEAST = {"look": Role.VIEWER, "ask": Role.ANALYST, "explain": Role.ANALYST, "arrange": Role.ANALYST, "share": Role.MANAGER,
         "send": Role.ADMIN}  # fmt: skip


@pytest.mark.parametrize("role", tuple(Role))
def test_a_role_reaches_what_it_may_at_the_doors_too(client: TestClient, engine: Engine, role: Role) -> None:
    headers = ticket(engine, role)
    for permission, (method, path, body) in REACH.items():
        status = asked(client, method, path, body, headers=headers).status_code
        assert (status < 300) is (role >= LEAST[permission]), (permission, status)
        assert status < 300 or status == 403


def regions(rows: list[list[Any]]) -> set[str]:
    return {row[0] for row in rows}


def test_a_regional_manager_sees_her_region_at_every_door(client: TestClient, engine: Engine) -> None:
    rita, mara = ticket(engine, Role.MANAGER, region=["Europe"]), ticket(engine, Role.ADMIN)

    def get(path: str, headers: dict[str, str]) -> Any:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(path: str, body: Any, headers: dict[str, str]) -> Any:
        answer = client.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    assert regions(post("/api/v1/query", QUESTION, mara)["rows"]) == {"Europe", "Asia"}
    mine = post("/api/v1/query", QUESTION, rita)
    assert (regions(mine["rows"]), mine["origin"]["counts"]) == ({"Europe"}, {})
    assert post("/api/v1/query", {**QUESTION, "where": {"region": ["Asia"]}}, rita)["rows"] == []
    others = [{"dimension": "region", "op": "not in", "values": ["Europe"]}]
    assert post("/api/v1/query", {**QUESTION, "where": others}, rita)["rows"] == []
    snapshot = get("/api/v1/snapshot", rita)
    assert snapshot["periods"]["24h"]["figures"]["orders"]["value"] == 1
    assert {row["region"] for row in snapshot["recent"]} == {"Europe"}
    assert get("/api/v1/analytics/realtime-metrics", rita)["transactions"]["completed"] == 1
    assert get("/api/v1/analytics/realtime-metrics", mara)["transactions"]["completed"] == 3
    assert [row["userId"] for row in get("/api/metrics", rita)["metrics"]] == ["eva"]
    made = post("/api/v1/dashboards", {"document": {"title": "By region", "widgets": [CARD]}}, rita)["id"]
    for state in ({}, {"where": {"region": ["Asia"]}}, {"origin": "all"}):
        drawn = client.post(f"/api/v1/dashboards/{made}/data", json={"state": state}, headers=rita)
        assert drawn.status_code == 200
        assert "Asia" not in str(drawn.json()["widgets"])
    assert get("/analytics/dashboard/realtime", rita)["metrics"]["transactions"]["completed"] == 1
    explained = post("/api/v1/explain", {"measure": "orders", "over": "24h"}, rita)
    assert explained["value"] == 1
    assert "Asia" not in str(explained)
    rows = post("/api/v1/explain/rows", {"measure": "orders", "over": "24h"}, rita)["rows"]
    assert len(rows) == 1
    csv = client.post("/api/v1/explain/rows.csv", json={"measure": "orders", "over": "24h"}, headers=rita)
    assert "Europe" in csv.text
    assert "Asia" not in csv.text
    token = post(f"/api/v1/dashboards/{made}/share", {}, rita)["token"]
    sent = {"X-Ticket": post("/api/v1/shares/open", {"token": token}, {})["ticket"]}
    assert "Asia" not in client.post(f"/api/v1/dashboards/{made}/data", json={}, headers=sent).text
    assert client.get("/metrics", headers=rita).status_code == 403
    assert client.get("/metrics", headers=mara).status_code == 200
    assert get("/api/v1/health", rita)["counts"] == {}


def test_a_regional_manager_hears_of_her_region(client: TestClient, engine: Engine) -> None:
    rita = ticket(engine, Role.MANAGER, region=["Europe"])["X-Ticket"]
    with client.websocket_connect(f"/ws/metrics?topics=live,curves,metrics&ticket={rita}") as ws:
        first = {message["type"]: message["data"] for message in (ws.receive_json() for _ in range(3))}
        assert first["live"]["transactions"]["completed"] == first["metrics"]["transactions"]["completed"] == 1
        assert {row["region"] for row in first["live"]["recent"]} == {"Europe"}
        assert first["curves"]["day"]
        now = SystemClock().now()
        engine.accept([given.order_record(ts=now, region=region, amount=1) for region in ("Asia", "Europe", "Europe")])
        while (message := ws.receive_json())["type"] != "live" or message["data"]["transactions"]["completed"] == 1:
            pass
        assert message["data"]["transactions"]["completed"] == 3
        assert {row["region"] for row in message["data"]["recent"]} == {"Europe"}
    frames = client.get(f"/api/v1/stream?topics=live&limit=1&ticket={rita}").text
    assert '"completed":3' in frames
    assert "Asia" not in frames


@pytest.mark.parametrize("shown", ("", "?ticket=forged", "?key=pb_forged"))
def test_a_socket_of_nobody_is_not_opened(client: TestClient, shown: str) -> None:
    for path in ("/ws/metrics", "/analytics/realtime/dashboard", "/api/analytics/realtime/dashboard"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path + shown):
            pass


def test_a_socket_is_closed_when_its_reader_is_shut_out_or_sees_less(client: TestClient, engine: Engine) -> None:
    mine = ticket(engine, Role.VIEWER)["X-Ticket"]
    for change in ({"role": Role.VIEWER, "filters": {"region": ["Asia"]}}, {"role": None}):
        with client.websocket_connect(f"/ws/metrics?topics=live&ticket={mine}") as ws:
            ws.receive_json()
            engine.people.keep("viewer@example.com", LOCAL, **change)  # type: ignore[arg-type]
            with pytest.raises(WebSocketDisconnect) as left:
                heard(ws, 10)
            assert left.value.code == 1008


def heard(ws: Any, messages: int) -> list[Any]:
    return [ws.receive_json() for _ in range(messages)]


def test_a_link_hears_nothing_of_the_live_feed(client: TestClient, engine: Engine) -> None:
    share, _ = engine.shares.create("overview", LOCAL, state=State())
    sent = engine.tickets.mint(share.principal())
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/ws/metrics?ticket={sent}"):
        pass


def test_keys_that_were_made_open_what_they_were_made_for(client: TestClient, engine: Engine) -> None:
    _, sends = engine.keys.make("shop", LOCAL, sends=True)
    key, reads = engine.keys.make("report", LOCAL, role=Role.ANALYST, filters={"region": ["Europe"]})
    event = {"type": "login", "userId": "ann"}
    assert client.post("/api/v1/events", json=event, headers={"X-API-Key": sends}).status_code == 200
    assert client.get("/api/v1/snapshot", headers={"X-API-Key": sends}).status_code == 403
    assert client.post("/api/v1/events", json=event, headers={"X-API-Key": reads}).status_code == 403
    answer = client.post("/api/v1/query", json=QUESTION, headers={"Authorization": f"Bearer {reads}"})
    assert regions(answer.json()["rows"]) == {"Europe"}
    engine.keys.revoke(key.id, LOCAL)
    assert client.post("/api/v1/query", json=QUESTION, headers={"X-API-Key": reads}).status_code == 401


def test_where_nobody_signs_in_reading_stays_open_and_a_ticket_still_says_who(opened: Open) -> None:
    client = opened("http://192.168.1.7:8501", bind_host="0.0.0.0")
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    assert client.post("/api/v1/query", json=QUESTION).status_code == 200
    share, _ = engine.shares.create("overview", LOCAL, state=State())
    link = {"X-Ticket": engine.tickets.mint(share.principal())}
    assert client.post("/api/v1/query", json=QUESTION, headers=link).status_code == 403
    gone = {"X-Ticket": engine.tickets.mint(Principal("kim@example.com", "Kim", Role.ADMIN))}
    assert client.post("/api/v1/query", json=QUESTION, headers=gone).status_code == 401
