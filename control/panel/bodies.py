"""JSON bodies, read strictly: known keys, right types, finite numbers, or a problem."""

import json
import math
import sys
from collections.abc import Collection
from typing import Any, Final, NoReturn

from flask import request

from control.problems import Problem

# Every body of this interface fits many times; a larger one is a mistake or an attack.
MAX_BODY_BYTES: Final = 64 * 1024
# A preset goes five deep.
MAX_DEPTH: Final = 12


def read_body(keys: Collection[str], example: str) -> dict[str, Any]:
    """Return the request's JSON object; no body is an empty one. Raises `Problem`.

    ``example`` is a body that works, for the message.
    """
    data = request.get_data(cache=False)
    if not data:
        return {}
    if not request.is_json:
        raise Problem(
            415,
            "not-json",
            f"The body must come with the header 'Content-Type: application/json', "
            f"not '{request.mimetype or 'none'}'. For example: {example}",
        )
    try:
        body = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_no_constant
        )
        _check(body)
    except (ValueError, RecursionError) as exc:
        raise Problem(
            400, "bad-json", f"The body is no JSON: {exc}. For example: {example}"
        ) from exc
    if not isinstance(body, dict):
        raise Problem(400, "bad-body", f"The body must be a JSON object such as {example}.")
    wrong = [key for key in body if key not in keys]
    if wrong:
        raise Problem(
            400,
            "unknown-key",
            f"Unknown key '{wrong[0][:80]}'. Known keys: {', '.join(keys)}.",
            known=list(keys),
        )
    return body


def number_of(
    body: dict[str, Any], key: str, low: float, high: float, default: float | None = None
) -> float:
    """Return a finite number between two bounds. Raises `Problem`."""
    value = body.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Problem(400, "bad-value", f"'{key}' must be a number, not {_shown(value)}.")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not (math.isfinite(result) and low <= result <= high):
        raise Problem(
            400, "bad-value", f"'{key}' must be {low:g} to {high:g}, not {_shown(value)}."
        )
    return result


def finite_of(key: str, value: Any) -> float:
    """Return any finite number. Raises `Problem`."""
    largest = sys.float_info.max
    return number_of({key: value}, key, -largest, largest)


def text_of(body: dict[str, Any], key: str) -> str:
    """Return a text that must be there. Raises `Problem`."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise Problem(400, "bad-value", f"'{key}' must be a text, not {_shown(value)}.")
    return value


def choice_of(key: str, value: str, choices: Collection[str]) -> str:
    """Return a text that is one of several, such as a parameter of the query. Raises `Problem`."""
    if value not in choices:
        listed = " or ".join(f"'{choice}'" for choice in choices)
        raise Problem(400, "bad-value", f"'{key}' must be {listed}, not '{value[:80]}'.")
    return value


def truth_of(body: dict[str, Any], key: str) -> bool:
    """Return true or false that must be there. Raises `Problem`."""
    value = body.get(key)
    if not isinstance(value, bool):
        raise Problem(400, "bad-value", f"'{key}' must be true or false, not {_shown(value)}.")
    return value


def _shown(value: Any) -> str:
    if value is None:
        return "missing or null"
    try:
        return json.dumps(value)[:80]
    except ValueError:  # a number of more digits than Python writes
        return "a number that long"


def _check(body: Any) -> None:
    """Refuse what could neither be written nor shown again. Raises `ValueError`."""
    waiting = [(body, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            value.encode()  # half of a surrogate pair is no text
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            if isinstance(value, dict):
                waiting += [(key, depth) for key in value]
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(item, depth + 1) for item in inner]


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key appears twice")
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
