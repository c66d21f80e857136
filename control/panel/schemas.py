"""JSON Schema in few words: what a body takes and what an answer holds.

Source of the vocabulary: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Maybe:
    """A member that may be missing."""

    schema: Schema


def maybe(schema: Schema) -> Maybe:
    """Mark a member that may be missing."""
    return Maybe(schema)


def takes(**members: Schema | Maybe) -> Schema:
    """Describe an object that we read: further members are errors."""
    return {**gives(**members), "additionalProperties": False}


def gives(**members: Schema | Maybe) -> Schema:
    """Describe an object that we write: a later version may add members."""
    return {
        "type": "object",
        "properties": {
            name: member.schema if isinstance(member, Maybe) else member
            for name, member in members.items()
        },
        "required": [name for name, member in members.items() if not isinstance(member, Maybe)],
    }


def extended(base: Schema, **members: Schema | Maybe) -> Schema:
    """Describe an object of ``base`` with further members."""
    more = gives(**members)
    return {
        **base,
        "properties": {**base["properties"], **more["properties"]},
        "required": [*base["required"], *more["required"]],
    }


def without(base: Schema, *names: str) -> Schema:
    """Describe an object of ``base`` that lacks some members."""
    return {
        **base,
        "properties": {k: v for k, v in base["properties"].items() if k not in names},
        "required": [name for name in base["required"] if name not in names],
    }


def number(low: float | None = None, high: float | None = None, meaning: str = "") -> Schema:
    """Describe a number between two bounds, which belong to it."""
    return _bounded("number", low, high, meaning)


def whole(low: int | None = None, high: int | None = None, meaning: str = "") -> Schema:
    """Describe a whole number between two bounds, which belong to it."""
    return _bounded("integer", low, high, meaning)


def text(*choices: str, meaning: str = "") -> Schema:
    """Describe a text, one of ``choices`` if there are any."""
    schema: Schema = {"type": "string"}
    if choices:
        schema["enum"] = list(choices)
    return _meant(schema, meaning)


def name_text(meaning: str = "") -> Schema:
    """Describe a text that is not empty."""
    return _meant({"type": "string", "minLength": 1}, meaning)


def truth(meaning: str = "") -> Schema:
    """Describe true or false."""
    return _meant({"type": "boolean"}, meaning)


def listed(items: Schema, meaning: str = "") -> Schema:
    """Describe a list of the same kind of things."""
    return _meant({"type": "array", "items": items}, meaning)


def mapping(values: Schema, meaning: str = "") -> Schema:
    """Describe an object with names that are not known beforehand."""
    return _meant({"type": "object", "additionalProperties": values}, meaning)


def or_null(schema: Schema) -> Schema:
    """Describe the same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def anything(meaning: str = "") -> Schema:
    """Describe what may be anything."""
    return _meant({}, meaning)


def _bounded(kind: str, low: float | None, high: float | None, meaning: str) -> Schema:
    schema: Schema = {"type": kind}
    if low is not None:
        schema["minimum"] = low
    if high is not None:
        schema["maximum"] = high
    return _meant(schema, meaning)


def _meant(schema: Schema, meaning: str) -> Schema:
    return {**schema, "description": meaning} if meaning else schema


# What people read, by language.
LABEL: Schema = {**mapping(text()), "examples": [{"en": "Smile", "ko": "웃어봐"}]}
LABEL_TAKEN: Schema = takes(en=maybe(text()), ko=maybe(text()))
