"""Who may talk to the page: programs on this machine and the page itself, no other web page.

A web page that somebody visits can send requests to this machine, too, under its own name (CSRF) or
under a name that it makes point here (DNS rebinding). Browsers tell both by headers that a page
cannot forge: Host, Origin and Sec-Fetch-Site. Programs such as curl send the first one only.
"""

from collections.abc import Container
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request

from control.problems import Problem

LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def guard(app: Flask, names: Container[str]) -> None:
    """Check every request and seal every answer.

    ``names``, in lower case, are further host names to answer to; it may change later.
    """

    @app.before_request
    def check() -> None:
        host = request.environ.get("HTTP_HOST", "")
        if host_name(host) not in LOCAL_NAMES and host_name(host) not in names:
            raise Problem(
                403,
                "foreign-host",
                f"This page does not answer to the name '{host[:80]}'. "
                f"Open it as http://127.0.0.1 or http://localhost, with its port.",
            )
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in (
            f"http://{host.lower()}",
            f"https://{host.lower()}",
        ):
            raise Problem(
                403,
                "foreign-origin",
                f"Another web page ('{origin[:80]}') may not use this interface; "
                f"programs send no Origin header.",
            )
        site = request.headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin", "none") and not _clicked_link():
            raise Problem(
                403,
                "foreign-site",
                "Another web page may not use this interface; open the page itself.",
            )

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def host_name(host: str) -> str:
    """Return the name in a Host header, ``""`` for one that is none."""
    if not host or not host.isascii() or any(sign in host for sign in "@/\\?#, "):
        return ""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises for a port that is no number
        return parts.hostname or ""
    except ValueError:
        return ""


def _clicked_link() -> bool:
    """Whether a person followed a link to the page itself, as a tab of its own."""
    return (
        request.method == "GET"
        and request.path == "/"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
