"""The OpenAPI document: true to the doors, and no request made from it gets a 500."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from starlette.testclient import TestClient

DOORS = {
    "/v1/orders": "post", "/v1/orders/{order_id}/status": "post", "/v1/refunds": "post", "/v1/events": "post",
    "/v1/activity": "post", "/v1/ingest": "post", "/metrics/bulk": "post", "/events": "post", "/v1/query": "post",
    "/v1/measures": "get", "/v1/snapshot": "get", "/v1/analytics/realtime-metrics": "get",
    "/v1/health": "get",
}


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").json()
    return found


def test_every_door_is_described(document: dict[str, Any]) -> None:
    for path, method in DOORS.items():
        assert method in document["paths"][path], path
    assert set(document["paths"]["/metrics"]) == {"get", "post"}
    assert document["servers"] == [{"url": "/api"}]


def test_bodies_and_answers_have_schemas_that_are_there(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def refs(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in refs(value)]
        return [ref for value in node for ref in refs(value)] if isinstance(node, list) else []

    assert {ref.rpartition("/")[2] for ref in refs(document)} <= set(schemas)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "post":
                assert operation["requestBody"]["content"]["application/json"]["schema"], path
            assert "500" in operation["responses"]
            assert operation["summary"]
    assert schemas["Order"]["examples"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_the_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/api/docs").text
    assert "https://" not in page
    for file in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/api/static-offline-docs/{file}").status_code == 200


@pytest.mark.slow
@pytest.mark.timeout(600)  # every door, many times
@pytest.mark.parametrize("mode", tuple(GenerationMode))
def test_no_request_made_from_the_document_gets_a_server_error(
    client: TestClient, document: dict[str, Any], mode: GenerationMode
) -> None:
    checks = [not_a_server_error]
    if mode is GenerationMode.POSITIVE:
        checks += [status_code_conformance, content_type_conformance, response_schema_conformance]
    for found in schemathesis.openapi.from_dict(document).get_all_operations():

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def call(case: schemathesis.Case) -> None:
            said = case.as_transport_kwargs(base_url="http://testserver/api")
            answer = client.request(
                said["method"], said["url"], headers=dict(said["headers"]), params=said.get("params"),
                content=said.get("data"), json=said.get("json"),
            )
            case.validate_response(answer, checks=checks)

        with suppress(Unsatisfiable):  # nothing can be wrong about a door that takes nothing
            call()
