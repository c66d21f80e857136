"""How large a request's body may be: small, but for the routes that take files."""

from flask import Flask, request
from waitress.parser import HTTPRequestParser
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie

from control.panel.bodies import MAX_BODY_BYTES
from control.panel.context import panel_of
from control.panel.names import is_this_machine
from control.panel.openapi import operation_of
from control.panel.routes_token import COOKIE, token_in
from control.problems import Problem


def limit_bodies(app: Flask) -> None:
    """Let the app read as much as the route says."""

    @app.before_request
    def limit() -> None:
        if request.endpoint is not None:
            request.max_content_length = _max_bytes(app, request.endpoint)


class BodyLimit:
    """The same for the server, which reads the body before the app is asked.

    A large body of another machine is read only if the token comes with it.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._gate = panel_of(app).gate
        self._routes = app.url_map.bind("")

    def of(self, parsed: HTTPRequestParser, address: str) -> int:
        """Return how many bytes the body of a request may have, given its headers."""
        try:
            endpoint, _ = self._routes.match(parsed.path, parsed.command)
        except HTTPException:
            return MAX_BODY_BYTES
        limit = _max_bytes(self._app, str(endpoint))
        if limit <= MAX_BODY_BYTES or is_this_machine(address):
            return limit
        return limit if self._signed_in(parsed, address) else MAX_BODY_BYTES

    def _signed_in(self, parsed: HTTPRequestParser, address: str) -> bool:
        if self._gate is None:
            return False
        if self._gate.knows(parse_cookie(parsed.headers.get("COOKIE")).get(COOKIE)):
            return True
        token = token_in(parsed.headers.get("AUTHORIZATION"))
        try:
            return token is not None and self._gate.admits(address, token)
        except Problem:
            return False


def _max_bytes(app: Flask, endpoint: str) -> int:
    described = operation_of(app.view_functions[endpoint])
    return MAX_BODY_BYTES if described is None else described.max_bytes
