"""The page's words, and which language a browser asks for."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from flask import request

LANGUAGES: Final = ("en", "ko")


@cache
def texts(language: str) -> dict[str, Any]:
    """Return the page's words in one language."""
    path = files("control.panel") / "static" / "i18n" / f"{language}.json"
    words = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(words, dict)
    return words


def asked_language() -> str:
    """Return the language of the present request.

    The page names the one that was chosen on it; who names none gets English.
    """
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"
