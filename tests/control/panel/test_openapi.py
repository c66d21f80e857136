"""The description of the interface names what there is, and what it names works."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from control.panel.app import create_app
from control.panel.openapi import operation_of
from tests.control.fakes import FakeStream

# Their answers have no end; other tests read a part of them.
ENDLESS = ("/preview.mjpg", "/events")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    description = create_app(FakeStream()).test_client().get("/openapi.json").json
    return [
        (method, path, told)
        for path, methods in description["paths"].items()
        for method, told in methods.items()
    ]


def test_the_description_is_openapi(client: FlaskClient) -> None:
    description = client.get("/openapi.json").json

    assert description["openapi"].startswith("3.1")
    validate(description)


def test_every_route_describes_itself(app: Flask) -> None:
    silent = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and operation_of(app.view_functions[rule.endpoint]) is None
    ]

    assert not silent, f"without @operation (control/panel/openapi.py): {', '.join(silent)}"


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [pytest.param(*each, id=f"{each[0]} {each[1]}") for each in operations()],
)
def test_every_example_works(
    client: FlaskClient, stream: FakeStream, method: str, path: str, told: dict[str, Any]
) -> None:
    content = told.get("requestBody", {}).get("content", {})
    if path in ENDLESS or (content and "application/json" not in content):
        return
    for parameter in told.get("parameters", []):
        if parameter["in"] == "path":
            names = parameter["schema"].get("examples")
            assert names is not None, f"{method} {path}: no names=... for {parameter['name']}"
            if not names:
                pytest.skip("there is none of these here")
            path = path.replace(f"{{{parameter['name']}}}", names[0])
    body = content.get("application/json", {}).get("example")
    assert body is not None or not content, f"{method} {path}: no example=... of a body"

    with stream.showing():
        response = client.open(path, method=method.upper(), json=body)

    assert response.status_code in (200, 201, 202), response.text
