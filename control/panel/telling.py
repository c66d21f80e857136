"""Says what the stream says in English in the language of the browser that asks."""

from typing import Any, Final

from flask import has_request_context
from flask.json.provider import DefaultJSONProvider

from control.panel.language import asked_language
from control.translations.catalogue import korean

# Where an answer holds sentences for people. All other texts are names and are left as they are.
SENTENCES: Final = frozenset(("message", "photo_problem", "detail", "found", "fix", "why"))
LISTS: Final = frozenset(("problems", "notes"))


def told(data: Any, language: str) -> Any:
    """Return the data of an answer with its sentences in a language."""
    return _in_korean(data) if language == "ko" else data


def _in_korean(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _value(key, value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_in_korean(value) for value in data]
    return data


def _value(key: Any, value: Any) -> Any:
    if key in SENTENCES and isinstance(value, str):
        return korean()(value)
    if key in LISTS and isinstance(value, (list, tuple)):
        return [korean()(text) if isinstance(text, str) else text for text in value]
    return _in_korean(value)


class Telling(DefaultJSONProvider):
    """Writes the answers of all routes."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write JSON, for the present request if there is one."""
        language = asked_language() if has_request_context() else "en"
        return super().dumps(told(obj, language), **kwargs)
