"""Schemathesis asks the interface what its description allows, and what it forbids."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from control.panel.app import create_app
from control.panel.context import panel_of
from tests.control.fakes import FakeStream

EXAMPLES = 10

# 422 is for what a schema cannot say: a face in the picture, a name that is another's.
ACCEPTED = ["2xx", "3xx", 404, 409, 422, 503]
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}


def operations() -> list[tuple[str, str]]:
    description = create_app(FakeStream()).test_client().get("/openapi.json").json
    return [(path, method) for path, methods in description["paths"].items() for method in methods]


def cases_of(operation: Any) -> Any:
    """What the description allows, and what it forbids."""
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.path_parameters or operation.query or operation.body:
        cases |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return cases


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_as_described(
    app: Flask, stream: FakeStream, path: str, method: str
) -> None:
    panel_of(app).closing.set()  # endless answers end after their beginning
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", app, config=SchemathesisConfig.from_dict(CONFIG)
    )
    cases = cases_of(schema[path][method])

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate()

    with stream.showing():
        ask()
