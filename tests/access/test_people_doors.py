"""People, keys and the audit log over HTTP: for administrators only, held to at once, and every change noted."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.engine import Engine
from metrics_core.model.access import Role
from tests.access.test_doors import QUESTION, ticket
from tests.access.test_doors import client as client
from tests.access.test_doors import engine as engine
from tests.api.conftest import opened as opened

PEOPLE, KEYS, AUDIT = "/api/v1/people", "/api/v1/keys", "/api/v1/audit"
RITA = "rita@example.com"
DOORS: tuple[tuple[str, str, Any], ...] = (
    ("GET", PEOPLE, None), ("PUT", f"{PEOPLE}/{RITA}", {"role": "admin"}), ("DELETE", f"{PEOPLE}/{RITA}", None),
    ("GET", KEYS, None), ("POST", KEYS, {"label": "till", "sends": True}), ("DELETE", f"{KEYS}/abc", None),
    ("GET", AUDIT, None),
)  # fmt: skip


@pytest.fixture
def admin(engine: Engine) -> dict[str, str]:
    return ticket(engine, Role.ADMIN)


def did(client: TestClient, admin: dict[str, str], **how: Any) -> list[tuple[str, str, str, str]]:
    entries = client.get(AUDIT, headers=admin, params=how).json()["entries"]
    return [(row["did"], row["what"], row["before"], row["after"]) for row in entries]


@pytest.mark.parametrize(("method", "path", "body"), DOORS)
def test_only_administrators_come_in(client: TestClient, engine: Engine, method: str, path: str, body: Any) -> None:
    before = len(engine.audit.newest(100)[0])
    assert client.request(method, path, json=body).status_code == 401
    some = engine.keys.make("reader", engine.people.principal("mara@example.com"), role=Role.ANALYST, sends=True)[1]
    for headers in (*(ticket(engine, role) for role in (Role.VIEWER, Role.ANALYST, Role.MANAGER)), {"X-API-Key": some}):
        refused = client.request(method, path, json=body, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
        assert "administrator" in refused.json()["error"]["message"]
    assert [row.did for row in engine.audit.newest(100)[0][: -before or None]] == ["person.save"] * 3 + ["key.make"]


def test_a_person_is_added_narrowed_changed_and_forgotten(
    client: TestClient, engine: Engine, admin: dict[str, str]
) -> None:
    added = client.put(f"{PEOPLE}/Rita@Example.com", json={"role": "manager", "name": "Rita", "expecting": 0}, headers=admin)
    assert added.status_code == 200, added.text
    assert added.json() == {
        "email": RITA, "name": "Rita", "role": "manager", "given": "manager", "claimed": None, "filters": {},
        "active": True, "appointed": False, "seen_at": None, "version": 1,
    }  # fmt: skip
    rita = {"X-Ticket": engine.tickets.mint(engine.people.principal(RITA))}
    assert client.post("/api/v1/query", json=QUESTION, headers=rita).json()["rows"] == [["Asia", 2], ["Europe", 1]]

    narrowed = client.put(f"{PEOPLE}/{RITA}", json={"filters": {"region": ["Europe"]}}, headers=admin).json()
    assert (narrowed["role"], narrowed["name"], narrowed["filters"]) == ("manager", "Rita", {"region": ["Europe"]})
    assert client.post("/api/v1/query", json=QUESTION, headers=rita).json()["rows"] == [["Europe", 1]]
    assert RITA in {row["email"] for row in client.get(PEOPLE, headers=admin).json()["people"]}

    late = client.put(f"{PEOPLE}/{RITA}", json={"role": "viewer", "expecting": 1}, headers=admin)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    shut = client.put(f"{PEOPLE}/{RITA}", json={"active": False}, headers=admin).json()
    assert (shut["role"], shut["active"]) == ("manager", False)
    assert client.post("/api/v1/query", json=QUESTION, headers=rita).status_code in (401, 403)

    assert client.delete(f"{PEOPLE}/{RITA}", headers=admin).status_code == 204
    assert client.delete(f"{PEOPLE}/{RITA}", headers=admin).status_code == 404
    assert did(client, admin, search="rita", limit=4) == [
        ("person.remove", RITA, "manager, sees Region: Europe, shut out", ""),
        ("person.save", RITA, "manager, sees Region: Europe", "manager, sees Region: Europe, shut out"),
        ("person.save", RITA, "manager", "manager, sees Region: Europe"),
        ("person.save", RITA, "", "manager"),
    ]


def test_a_key_is_made_told_once_and_ended(client: TestClient, admin: dict[str, str]) -> None:
    made = client.post(KEYS, json={"label": "till", "role": "analyst", "filters": {"region": ["Asia"]}}, headers=admin)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    key, word = made.json()["key"], made.json()["word"]
    shows = {"X-API-Key": word}
    assert client.post("/api/v1/query", json=QUESTION, headers=shows).json()["rows"] == [["Asia", 2]]
    listed = client.get(KEYS, headers=admin)
    assert listed.json()["keys"] == [key]
    assert word not in listed.text
    ended = client.delete(f"{KEYS}/{key['id']}", headers=admin).json()
    assert ended["revoked_at"] is not None
    assert client.post("/api/v1/query", json=QUESTION, headers=shows).status_code == 401
    assert [row[0] for row in did(client, admin, did="key")] == ["key.revoke", "key.make"]
    assert word not in client.get(AUDIT, headers=admin).text


@pytest.mark.parametrize(
    ("path", "body", "words"),
    (
        (f"{PEOPLE}/{RITA}", {"role": "boss"}, "'boss'"), (f"{PEOPLE}/rita", {"role": "viewer"}, "e-mail"),
        (f"{PEOPLE}/{RITA}", {"role": "admin", "filters": {"region": ["Asia"]}}, "everything"),
        (f"{PEOPLE}/{RITA}", {"role": "viewer", "filters": {"hour": ["3"]}}, "'hour'"),
        (f"{PEOPLE}/{RITA}", {"rol": 1}, "rol"),
    ),
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(
    client: TestClient, admin: dict[str, str], path: str, body: Any, words: str
) -> None:
    refused = client.put(path, json=body, headers=admin)
    assert refused.status_code in (400, 422)
    assert words in refused.json()["error"]["message"]


def test_the_last_administrator_and_those_of_the_settings_stay(client: TestClient, engine: Engine) -> None:
    mara = {"X-Ticket": engine.tickets.mint(engine.people.principal("mara@example.com"))}
    refused = client.put(f"{PEOPLE}/mara@example.com", json={"role": "viewer"}, headers=mara)
    assert refused.status_code == 409
    assert "ADMIN_EMAILS" in refused.json()["error"]["message"]


def test_the_log_is_read_page_by_page(client: TestClient, admin: dict[str, str]) -> None:
    for number in range(5):
        assert client.put(f"{PEOPLE}/p{number}@example.com", json={"role": "viewer"}, headers=admin).status_code == 200
    found: list[str] = []
    asked: dict[str, Any] = {"limit": 2, "did": "person.save", "search": "example viewer"}
    while True:
        body = client.get(AUDIT, headers=admin, params=asked).json()
        found += [row["what"] for row in body["entries"]]
        if not body["more"]:
            break
        asked["before"] = body["entries"][-1]["id"]
    assert found == [f"p{number}@example.com" for number in reversed(range(5))]
    wrong = client.get(AUDIT, headers=admin, params={"before": "99999999999999999999-abcdef"})
    assert wrong.status_code == 422
