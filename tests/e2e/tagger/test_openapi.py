"""The documentation against the API: schemathesis over every call, no 500, every answer as it is described."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.server import running_server

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CALLS = 8


@pytest.mark.slow
def test_every_call() -> None:
    with running_server() as server:
        key = server.create_key("schemathesis")
        headers = {"x-api-key": key, "authorization": f"Bearer {key}"}
        loaded = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        described = loaded.include(path_regex="^(/tagger/|/placket/v1/usage)")
        operations = [found.ok() for found in described.get_all_operations()]
        assert len(operations) == CALLS
        for operation in operations:

            @given(case=operation.as_strategy())
            @settings(
                max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
            )
            def call(case: schemathesis.Case) -> None:
                case.call_and_validate(checks=CHECKS, headers=headers, timeout=30)

            call()
