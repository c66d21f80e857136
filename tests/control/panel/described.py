"""Holds answers against the description at /openapi.json."""

import copy
import json
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator

from control.panel.openapi import document, operation_of, path_of


class Described:
    """The description of one app, strict: members that it does not name are faults, too."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def check(self, response: Response) -> Response:
        """Fail where the answer to the present request is not what the description says."""
        rule = request.url_rule
        if rule is None or rule.endpoint == "static" or request.method == "OPTIONS":
            return response
        if operation_of(self.app.view_functions[rule.endpoint]) is None:
            return response  # `test_every_route_describes_itself` tells which
        where = f"{request.method} {rule.rule}"
        whole = strict(document(self.app))
        method = "get" if request.method == "HEAD" else request.method.lower()
        answers = whole["paths"][path_of(rule.rule)][method]["responses"]
        answer = answers.get(str(response.status_code))
        if response.status_code == 304:
            return response
        assert answer is not None, (
            f"{where} answered {response.status_code}, which its @operation does not name "
            f"(problems=...): {response.get_data(as_text=True)[:300]}"
        )
        if "$ref" in answer:
            answer = whole["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if "content" not in answer:
            return response
        media = {kind.partition(";")[0]: content for kind, content in answer["content"].items()}
        assert response.mimetype in media, f"{where} answered {response.mimetype}, not {media}"
        if response.mimetype.endswith("json"):
            schema = {"components": whole["components"], **media[response.mimetype]["schema"]}
            errors = list(Draft202012Validator(schema).iter_errors(json.loads(response.get_data())))
            assert not errors, f"{where}: {errors[0].json_path}: {errors[0].message}"
        return response

    def check_event(self, method: str, path: str, name: str, data: Any) -> None:
        """Fail where an event of a stream is not what the description says."""
        whole = document(self.app)
        answer = whole["paths"][path][method]["responses"]["200"]
        events = {
            each["properties"]["event"]["const"]: each["properties"]["data"]["contentSchema"]
            for each in answer["content"]["text/event-stream"]["schema"]["anyOf"]
        }
        Draft202012Validator(strict(events[name])).validate(data)


def strict(schema: Any) -> Any:
    """Return a copy whose objects have no members but those that are named."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return copy.copy(schema)
    made = {key: strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
