"""Dashboards over HTTP: kept, saved by two, drawn, shared with limits that hold, and the paths of the widget guide."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Role
from metrics_core.model.instant import DAY, SECOND
from metrics_core.model.query import Filter
from metrics_core.widgets.kinds import WIDGETS
from tests import given
from tests.api.conftest import Open

BOARDS = "/api/v1/dashboards"
CARD = {"id": "w1", "kind": "metric_card", "title": "Orders", "spec": {"measure": "orders"},
        "place": {"x": 0, "y": 0, "w": 3, "h": 2}}  # fmt: skip
DOCUMENT = {"title": "Mine", "visibility": "everyone", "widgets": [CARD]}


@pytest.fixture
def stocked(client: TestClient) -> TestClient:
    """An order online in Europe and two in retail in Asia, a moment ago."""
    now = SystemClock().now() - SECOND
    rows = (("online", "Europe"), ("retail", "Asia"), ("retail", "Asia"))
    records = [given.order_record(ts=now, channel=channel, region=region, staffId="kim") for channel, region in rows]
    assert client.post("/api/v1/orders", json=records).json()["accepted"] == 3
    return client


def make(client: TestClient, **fields: Any) -> str:
    answer = client.post(BOARDS, json={"document": {**DOCUMENT, **fields}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def ticket(engine: Engine, role: Role, *filters: Filter, name: str = "ann@example.com") -> dict[str, str]:
    kept = {row.dimension: row.values for row in filters}
    engine.people.keep(name, LOCAL, role=role, filters=kept, name="Ann Field")
    return {"X-Ticket": engine.tickets.mint(engine.people.principal(name))}


def drawn(client: TestClient, name: str, headers: dict[str, str] | None = None, **ask: Any) -> Any:
    answer = client.post(f"{BOARDS}/{name}/data", json=ask, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


# -------------------------------------------------------------------------------------------------------- kept and saved


def test_a_dashboard_is_made_listed_read_saved_and_deleted(client: TestClient) -> None:
    name = make(client)
    assert name in [row["id"] for row in client.get(BOARDS).json()["dashboards"]]
    read = client.get(f"{BOARDS}/{name}").json()
    assert read["version"] == 1
    assert read["document"]["widgets"] == [CARD]
    assert read["may"] == {"change": True, "share": True, "delete": True}
    saved = client.put(f"{BOARDS}/{name}", json={"document": {**read["document"], "title": "Ours"}, "expecting": 1})
    assert (saved.status_code, saved.json()["version"], saved.json()["document"]["title"]) == (200, 2, "Ours")
    assert client.delete(f"{BOARDS}/{name}").status_code == 204
    assert client.get(f"{BOARDS}/{name}").json()["error"]["code"] == "not_found"


def test_the_second_of_two_editors_gets_409_with_who_saved_what(client: TestClient) -> None:
    name = make(client)
    for title, status in (("Ours", 200), ("Theirs", 409)):
        answer = client.put(f"{BOARDS}/{name}", json={"document": {**DOCUMENT, "title": title}, "expecting": 1})
        assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == "conflict"
    assert error["saved"] | {"at": ""} == {
        "version": 2, "by": "Local administrator", "at": "", "changes": ["renamed it 'Ours'"],
    }
    assert "Local administrator saved version 2" in error["message"]


def test_versions_are_told_and_restored(client: TestClient) -> None:
    name = make(client)
    client.put(f"{BOARDS}/{name}", json={"document": {**DOCUMENT, "title": "Ours"}, "expecting": 1})
    rows = client.get(f"{BOARDS}/{name}/versions").json()["versions"]
    assert [(row["version"], row["changes"], row["document"]["title"]) for row in rows] == [
        (2, ["renamed it 'Ours'"], "Ours"), (1, ["made it"], "Mine"),
    ]
    restored = client.post(f"{BOARDS}/{name}/restore", json={"version": 1, "expecting": 2}).json()
    assert (restored["version"], restored["document"]["title"]) == (3, "Mine")
    missing = client.post(f"{BOARDS}/{name}/restore", json={"version": 9, "expecting": 3})
    assert missing.status_code == 404


def test_an_export_is_imported_and_a_copy_is_made(client: TestClient) -> None:
    name = make(client)
    body = client.get(f"{BOARDS}/{name}/export").json()
    brought = client.post(f"{BOARDS}/import", json=body)
    assert (brought.status_code, brought.json()["document"]["widgets"]) == (201, [CARD])
    copy = client.post(f"{BOARDS}/{name}/copy", json={"title": "Copy"})
    assert (copy.status_code, copy.json()["document"]["title"]) == (201, "Copy")
    body["dashboard"]["widgets"][0]["kind"] = "metric_crd"
    refused = client.post(f"{BOARDS}/import", json=body)
    assert refused.status_code == 422
    assert "Did you mean 'metric_card'" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    (({}, "document"), ({"document": []}, "document"), ({"document": DOCUMENT, "x": 1}, "x"),
     ({"document": {**DOCUMENT, "widgets": [CARD, {**CARD, "id": "w2"}]}}, "overlap")),
)  # fmt: skip
def test_a_body_that_is_wrong_says_where(client: TestClient, body: Any, says: str) -> None:
    answer = client.post(BOARDS, json=body)
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]


def test_every_kind_of_widget_is_described_with_the_schema_of_its_options(client: TestClient) -> None:
    rows = client.get("/api/v1/widgets").json()["widgets"]
    assert [row["name"] for row in rows] == list(WIDGETS)
    assert all(row["schema"]["properties"] for row in rows)


# ------------------------------------------------------------------------------------------------------------- the data


def test_the_data_is_drawn_from_one_instant_and_sent_once(stocked: TestClient) -> None:
    name = make(stocked)
    first = drawn(stocked, name)
    assert first["widgets"]["w1"]["drawing"]["value"] == 3
    assert set(first["instant"]) == {"seq", "asOf", "dataThrough", "computedAt", "zone"}
    assert first["version"] == 1
    assert first["stale"] is None
    again = drawn(stocked, name, have={"w1": first["widgets"]["w1"]["hash"]})
    assert again["widgets"] == {"w1": {"hash": first["widgets"]["w1"]["hash"]}}
    online = drawn(stocked, name, state={"period": "1h", "where": {"channel": ["online"]}})
    assert online["widgets"]["w1"]["drawing"]["value"] == 1
    assert online["state"]["period"] == "1h"
    assert drawn(stocked, name, state={"where": "channel:retail"})["widgets"]["w1"]["drawing"]["value"] == 2


def test_a_widget_is_previewed_before_it_is_saved(stocked: TestClient) -> None:
    widget = {"id": "new", "kind": "table", "spec": {"measures": ["orders"], "by": ["channel"]}}
    answer = stocked.post(f"{BOARDS}/overview/preview", json={"widget": widget, "state": {"period": "1h"}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["drawing"]["rows"] == [["retail", 2], ["online", 1]]
    wrong = stocked.post(f"{BOARDS}/overview/preview", json={"widget": {**widget, "spec": {"measures": ["order"]}}})
    assert "Did you mean 'orders'" in wrong.json()["error"]["message"]


def test_presets_are_kept_for_a_dashboard(client: TestClient) -> None:
    made = client.post(f"{BOARDS}/overview/presets", json={"name": "Week", "state": {"period": "7d"}})
    assert made.status_code == 201
    (row,) = client.get(f"{BOARDS}/overview/presets").json()["presets"]
    assert (row["name"], row["state"]["period"], row["mine"]) == ("Week", "7d", True)
    assert client.delete(f"{BOARDS}/overview/presets/{row['id']}").status_code == 204
    assert client.get(f"{BOARDS}/overview/presets").json()["presets"] == []


# ------------------------------------------------------------------------------------------------------------ who calls


def test_a_ticket_says_in_whose_name_is_asked(stocked: TestClient, engine: Engine) -> None:
    name = make(stocked)
    asia = ticket(engine, Role.VIEWER, Filter("region", ("Asia",)))
    assert drawn(stocked, name, asia)["widgets"]["w1"]["drawing"]["value"] == 2
    read = stocked.get(f"{BOARDS}/{name}", headers=asia).json()
    assert read["document"]["owner"] == ""
    assert read["saved"] is None
    assert not any(read["may"].values())
    refused = stocked.put(f"{BOARDS}/{name}", json={"document": DOCUMENT, "expecting": 1}, headers=asia)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    bad = stocked.get(f"{BOARDS}/{name}", headers={"X-Ticket": "forged"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (401, "key_needed")
    assert stocked.get(f"{BOARDS}/{name}?ticket=forged").status_code == 401


def test_where_a_key_is_needed_looking_is_open_and_changing_is_not(opened: Open) -> None:
    key = "a-long-enough-random-key"
    client = opened(api_keys=(key,))
    name = client.post(BOARDS, json={"document": DOCUMENT}, headers={"X-API-Key": key}).json()["id"]
    assert drawn(client, name)["version"] == 1
    for method, path, body in (
        ("POST", BOARDS, {"document": DOCUMENT}), ("PUT", f"{BOARDS}/{name}", {"document": DOCUMENT, "expecting": 1}),
        ("DELETE", f"{BOARDS}/{name}", None), ("POST", f"{BOARDS}/{name}/share", {}),
        ("POST", f"{BOARDS}/{name}/presets", {"name": "x"}),
    ):
        assert client.request(method, path, json=body).status_code == 401, path
    assert client.post(f"{BOARDS}/{name}/preview", json={"widget": CARD}).status_code == 403
    assert client.get(f"{BOARDS}/{name}/shares").status_code == 403


# ------------------------------------------------------------------------------------------------------------ the links


def share(client: TestClient, name: str, **how: Any) -> tuple[dict[str, Any], str]:
    answer = client.post(f"{BOARDS}/{name}/share", json=how)
    assert answer.status_code == 201, answer.text
    return answer.json()["share"], answer.json()["token"]


def opening(client: TestClient, token: str, **how: Any) -> dict[str, str]:
    answer = client.post("/api/v1/shares/open", json={"token": token, **how})
    assert answer.status_code == 200, answer.text
    return {"X-Ticket": answer.json()["ticket"]}


def test_a_link_shows_the_same_numbers_and_what_is_locked_stays_locked(stocked: TestClient) -> None:
    name = make(stocked)
    link, token = share(stocked, name, state={"period": "1h", "where": {"region": ["Europe"]}}, allowed=["channel"])
    visitor = opening(stocked, token)
    read = stocked.get(f"{BOARDS}/{name}", headers=visitor).json()
    assert read["share"]["locked"] == {"region": ["Europe"]}
    assert read["document"]["owner"] == ""
    everything = {"period": "7d", "where": {"region": ["Asia"], "user": ["ann"]}, "origin": "all"}
    for forged in ({}, {"state": {"where": {}}}, {"state": {"where": {"region": ["Asia"]}}}, {"state": everything}):
        body = drawn(stocked, name, visitor, **forged)
        assert body["widgets"]["w1"]["drawing"]["value"] == 1
        assert body["state"]["where"] == {"region": ["Europe"]}
    retail = drawn(stocked, name, visitor, state={"where": {"channel": ["retail"]}})
    assert retail["widgets"]["w1"]["drawing"]["value"] == 0
    for method, path in (
        ("GET", f"{BOARDS}/overview"), ("POST", f"{BOARDS}/overview/data"), ("GET", f"{BOARDS}/{name}/versions"),
        ("GET", f"{BOARDS}/{name}/export"), ("GET", f"{BOARDS}/{name}/shares"), ("POST", f"{BOARDS}/{name}/copy"),
        ("GET", "/api/analytics/dashboard/realtime"), ("DELETE", f"{BOARDS}/{name}"),
    ):
        refused = stocked.request(method, path, json={}, headers=visitor)
        assert refused.status_code in (403, 404), path
    widget = {**CARD, "spec": {"measure": "revenue"}}
    assert stocked.post(f"{BOARDS}/{name}/preview", json={"widget": widget}, headers=visitor).status_code == 403
    assert stocked.delete(f"{BOARDS}/{name}/shares/{link['id']}").json()["revoked_at"]
    ended = stocked.post(f"{BOARDS}/{name}/data", json={}, headers=visitor)
    assert (ended.status_code, ended.json()["error"]["code"]) == (410, "ended")


def test_a_link_with_a_password_opens_with_it(client: TestClient) -> None:
    _, token = share(client, make(client), password="correct horse", days=7)
    for body, code in (({"token": token}, "password_needed"), ({"token": token, "password": "no"}, "password_needed"),
                       ({"token": "x"}, "not_found")):  # fmt: skip
        assert client.post("/api/v1/shares/open", json=body).json()["error"]["code"] == code
    opening(client, token, password="correct horse")


def test_a_frozen_link_holds_what_was_seen(stocked: TestClient) -> None:
    name = make(stocked)
    _, token = share(stocked, name, frozen=True, state={"period": "1h"})
    visitor = opening(stocked, token)
    stocked.post("/api/v1/orders", json=given.order_record(ts=SystemClock().now() - SECOND))
    kept = stocked.get(f"{BOARDS}/{name}/frozen", headers=visitor).json()
    assert kept["widgets"]["w1"]["drawing"]["value"] == 3
    assert kept["instant"]["asOf"] == drawn(stocked, name, visitor)["frozen_at"]
    assert stocked.get(f"{BOARDS}/{name}/frozen").status_code == 403


def test_links_are_listed_without_their_tokens(client: TestClient) -> None:
    name = make(client)
    link, token = share(client, name, label="Board meeting", embed=True, days=30)
    answer = client.get(f"{BOARDS}/{name}/shares")
    (row,) = answer.json()["shares"]
    assert (row["id"], row["label"], row["embed"], row["password"]) == (link["id"], "Board meeting", True, False)
    assert token not in answer.text


# ------------------------------------------------------------------------------------------------ the paths of the guide


@pytest.mark.parametrize("root", ("", "/api"))
def test_the_paths_of_the_guide_are_there_with_and_without_api(stocked: TestClient, root: str) -> None:
    layout = stocked.get(f"{root}/analytics/dashboard/layout/default").json()
    assert [row["type"] for row in layout["widgets"][:4]] == ["metric_card"] * 4
    assert layout["widgets"][0]["position"] == {"x": 0, "y": 0, "w": 3, "h": 2}
    data = stocked.get(f"{root}/analytics/widgets/data", params={"widget": ["w2", "w7"], "period": "1h"}).json()
    assert [(row["id"], row["type"]) for row in data["widgets"]] == [("w2", "metric_card"), ("w7", "table")]
    assert data["widgets"][0]["data"]["value"] == 3
    assert data["widgets"][1]["data"]["rows"][0][0] == "kim"
    now = stocked.get(f"{root}/analytics/dashboard/realtime").json()
    assert len(now["widgets"]) == 8
    assert now["metrics"]["transactions"]["total"] <= 3
    assert stocked.get(f"{root}/analytics/health").json()["status"] == "ok"
    unknown = stocked.get(f"{root}/analytics/widgets/data", params={"widget": "w99"})
    assert unknown.json()["error"]["code"] == "unknown_name"
    with stocked.websocket_connect(f"{root}/analytics/realtime/dashboard") as socket:
        assert socket.receive_json()["type"] == "metrics"


def test_nothing_else_is_at_the_root_of_the_guide(client: TestClient) -> None:
    assert client.get("/analytics/v1/dashboards").status_code == 404
    assert client.get("/analytics/").status_code == 404


def test_numbers_on_a_dashboard_equal_those_of_a_query(stocked: TestClient) -> None:
    """For a window that stands still, through both doors."""
    now = SystemClock().now()
    span = {"start": given.iso(now - DAY), "end": given.iso(now)}
    state = {"period": "custom", **span}
    rows = drawn(stocked, "overview", state=state)["widgets"]
    for widget, measure in (("w1", "revenue"), ("w2", "orders"), ("w3", "buyers"), ("w4", "avg_order_value")):
        answer = stocked.post("/api/v1/query", json={"measures": [measure], "over": span}).json()
        assert rows[widget]["drawing"]["value"] == answer["rows"][0][0]
    by_hour = stocked.post("/api/v1/query", json={"measures": ["orders"], "over": span, "by": ["hour"]}).json()
    (bars,) = (trace for trace in rows["w8"]["drawing"]["data"] if trace["meta"]["role"] != "compare")
    assert sum(bars["y"]) == sum(row[1] for row in by_hour["rows"])
