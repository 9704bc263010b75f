"""Every documented call under generated input: no 5xx, and only answers that the documentation knows."""

import asyncio
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from placket.api.app import create_app
from tests.support.memory import MemoryInstallation
from tests.support.memory_vision import BUNDLE

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))


class Fuzzed:
    def __init__(self) -> None:
        self.installation = MemoryInstallation(requests_per_day=10**6, services_per_project=10**6)
        self.app: FastAPI = create_app(self.installation.parts)
        self.key = asyncio.run(self.installation.new_key())

    def call(self, case: Any) -> Any:
        """With a good key, on a service that is there."""
        if (1, "shop") not in self.installation.services.all:
            asyncio.run(self.installation.services.create(1, "shop", BUNDLE, 10**6))
        known = {"appKey": self.key, "serviceID": "shop", "service": "shop"}
        for name in set(known) & set(case.path_parameters or {}):
            case.path_parameters[name] = known[name]
        token = self.installation.admin_token if "/admin/" in case.path else self.key
        return case.call(headers={"Authorization": f"Bearer {token}"})


FUZZED = Fuzzed()
OPERATIONS = [r.ok() for r in schemathesis.openapi.from_asgi("/openapi.json", FUZZED.app).get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_generated_calls(operation: Any) -> None:
    @EXAMPLES
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        response = FUZZED.call(case)
        assert b'"resultCode":-50000' not in response.content
        case.validate_response(response, checks=CHECKS)

    run()
