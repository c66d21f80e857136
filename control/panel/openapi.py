"""The description of the interface (OpenAPI 3.1), gathered from the routes themselves.

Each route says beside its handler, by the decorator `operation`, what it takes and what it
answers; `document` puts that together for `/openapi.json`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from flask import Flask

from control.panel import schemas
from control.panel.bodies import MAX_BODY_BYTES
from control.panel.schemas import Schema
from control.problems import MEDIA_TYPE
from streamer import __version__

ATTRIBUTE: Final = "__operation__"
View = TypeVar("View", bound=Callable[..., Any])

PROBLEM: Final[Schema] = schemas.gives(
    type={"const": "about:blank"},
    title=schemas.text(),
    status=schemas.whole(400, 599),
    detail=schemas.text(meaning="why, and what would work"),
    instance=schemas.text(meaning="the path that was asked for"),
    code=schemas.text(meaning="the kind of problem, for programs"),
    known=schemas.maybe(schemas.listed(schemas.text(), "the names there are")),
    retry_after_s=schemas.maybe(schemas.number(0)),
)
MEANINGS: Final = {
    303: "To another page.",
    400: "The body or a value in it is not what the route takes.",
    401: "From another machine the token is needed.",
    403: "Asked by another web page, or under a name that is not this machine's.",
    404: "There is nothing of this name; `known` lists what there is.",
    409: "It is not possible in the present state.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "It was understood, but cannot be used; `detail` says why.",
    429: "Too many wrong tokens; `Retry-After` says when to try again.",
    500: "Something in the stream failed.",
    503: "Busy, or no frames flow; `Retry-After` says when to try again.",
}
EVERYWHERE: Final = (401, 403, 429)
WITH_BODY: Final = (400, 413, 415)


@dataclass(frozen=True)
class Operation:
    """What one route takes and answers; the fields are those of `operation`."""

    summary: str
    answer: Schema | None = None
    media: str = "application/json"
    status: int = 200
    body: Schema | None = None
    example: Any = None
    upload: Sequence[str] = ()
    query: Mapping[str, Schema] = field(default_factory=dict)
    names: Mapping[str, Callable[[], Sequence[str]]] = field(default_factory=dict)
    problems: Sequence[int] = ()
    also: Mapping[int, Schema | None] = field(default_factory=dict)
    events: Mapping[str, Schema] = field(default_factory=dict)
    max_bytes: int = MAX_BODY_BYTES


def operation(
    summary: str,
    *,
    answer: Schema | None = None,
    media: str = "application/json",
    status: int = 200,
    body: Schema | None = None,
    example: Any = None,
    upload: Sequence[str] = (),
    query: Mapping[str, Schema] | None = None,
    names: Mapping[str, Callable[[], Sequence[str]]] | None = None,
    problems: Sequence[int] = (),
    also: Mapping[int, Schema | None] | None = None,
    events: Mapping[str, Schema] | None = None,
    max_bytes: int = MAX_BODY_BYTES,
) -> Callable[[View], View]:
    """Describe the route below: goes between ``@app.post(...)`` and the handler.

    ``answer`` is the JSON of ``status``; other media have none. ``body`` is the JSON it reads, and
    ``example`` one that works (a test sends it); ``upload`` names media types of a body that is no
    JSON. ``query`` are optional parameters after the ``?``. ``names`` gives, for each part in
    ``<>`` of the path, what there is now. ``problems`` are statuses beside those that every route,
    and every route with a body or names, can answer. ``also`` are further statuses with their JSON,
    `None` for an answer without. ``events`` are the data of Server-Sent Events by name.
    ``max_bytes`` is how large the body may be.
    """
    described = Operation(
        summary,
        answer,
        media,
        status,
        body,
        example,
        tuple(upload),
        query or {},
        names or {},
        tuple(problems),
        also or {},
        events or {},
        max_bytes,
    )

    def remember(view: View) -> View:
        setattr(view, ATTRIBUTE, described)
        return view

    return remember


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what a handler says about itself."""
    return getattr(view, ATTRIBUTE, None)


def path_of(rule: str) -> str:
    """Write a rule of Flask as a path of OpenAPI."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def document(app: Flask) -> dict[str, Any]:
    """Describe all routes that say something about themselves."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        described = operation_of(app.view_functions[rule.endpoint])
        if described is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            item = paths.setdefault(path_of(rule.rule), {})
            item[method.lower()] = _written(described, rule.endpoint, sorted(rule.arguments))
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Living Portrait",
            "version": __version__,
            "description": "What the page does, for scripts. On this machine no token is needed.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": PROBLEM},
            "responses": {str(status): _problem(status) for status in MEANINGS if status >= 400},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token printed at the start, from other machines.",
                },
                "password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The token as password, for programs that know only this.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "living_portrait",
                    "description": "A browser that has shown the token once.",
                },
            },
        },
        "security": [{}, {"token": []}, {"password": []}, {"session": []}],
    }


def _written(described: Operation, endpoint: str, names: Sequence[str]) -> dict[str, Any]:
    written: dict[str, Any] = {"operationId": endpoint, "summary": described.summary}
    parameters = [_name(name, described) for name in names] + [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in described.query.items()
    ]
    if parameters:
        written["parameters"] = parameters
    if described.body is not None or described.upload:
        written["requestBody"] = _body(described)
    answers: dict[str, Any] = {str(described.status): _answer(described)}
    for status, schema in described.also.items():
        answers[str(status)] = {"description": MEANINGS[status]}
        if schema is not None:
            answers[str(status)]["content"] = {"application/json": {"schema": schema}}
    problems = {*EVERYWHERE, *described.problems}
    if described.body is not None or described.upload:
        problems.update(WITH_BODY)
    if names:
        problems.add(404)
    for status in sorted(problems):
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    written["responses"] = answers
    return written


def _name(name: str, described: Operation) -> dict[str, Any]:
    schema: Schema = {"type": "string", "minLength": 1}
    if name in described.names:
        schema["examples"] = list(described.names[name]())
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _body(described: Operation) -> dict[str, Any]:
    if described.upload:
        return {"required": True, "content": {media: {} for media in described.upload}}
    assert described.body is not None
    content: dict[str, Any] = {"schema": described.body}
    if described.example is not None:
        content["example"] = described.example
    return {
        "required": bool(described.body.get("required")),
        "content": {"application/json": content},
    }


def _answer(described: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if described.answer is not None:
        content = {"schema": described.answer}
    elif described.events:
        content = {"schema": {"anyOf": [_event(*each) for each in described.events.items()]}}
    elif described.media.startswith("text/"):
        content = {"schema": {"type": "string"}}
    return {"description": described.summary, "content": {described.media: content}}


def _event(name: str, data: Schema) -> Schema:
    """Describe one event of a stream; each of the answer's events is one of these."""
    return {
        "type": "object",
        "properties": {
            "event": {"const": name},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": data,
            },
        },
        "required": ["event", "data"],
    }


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": MEANINGS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
