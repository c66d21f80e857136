"""Other machines show the token: in a header, or once in a browser, which then has a session."""

from typing import Any, Final

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Authorization

from control.panel.bodies import read_body, text_of
from control.panel.context import Panel
from control.panel.language import asked_language, texts
from control.panel.names import is_this_machine
from control.panel.openapi import operation
from control.panel.schemas import gives, name_text, takes, truth
from control.problems import Problem

COOKIE: Final = "living_portrait"
COOKIE_S: Final = 30 * 24 * 3600
# What the sign-in page consists of. None of it is secret.
OPEN: Final = ("static", "sign_in_page", "sign_in")


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app, and ask for the token before all others."""
    gate = panel.gate

    def known() -> bool:
        return gate is None or is_this_machine(request.remote_addr)

    @app.before_request
    def ask() -> ResponseReturnValue | None:
        if gate is None or known() or request.endpoint in OPEN:
            return None
        if gate.knows(request.cookies.get(COOKIE)):
            return None
        token, address = token_in(request.headers.get("Authorization")), request.remote_addr or ""
        if token is not None:
            if gate.admits(address, token):
                return None
            raise Problem(401, "wrong-token", "The token is wrong. It is printed at the start.")
        if request.path == "/" and request.method in ("GET", "HEAD"):
            return _to_the_page(address)
        raise Problem(
            401,
            "token-needed",
            "From another machine the token is needed, which is printed at the start: send the "
            "header 'Authorization: Bearer TOKEN', or open the page in a browser first.",
        )

    def _to_the_page(address: str) -> Response:
        """Sign a browser in that brings the token in the address, and take it out of there."""
        assert gate is not None
        token = request.args.get("token")
        if token is None:
            return _redirect("/login")
        try:
            return signed_in(_redirect("/")) if gate.admits(address, token) else _wrong()
        except Problem:
            return _redirect("/login#wait")

    def _wrong() -> Response:
        return _redirect("/login#wrong")

    def signed_in(response: Response) -> Response:
        assert gate is not None
        response.set_cookie(
            COOKIE, gate.session, max_age=COOKIE_S, httponly=True, samesite="Strict", path="/"
        )
        return response

    @app.get("/login")
    @operation("The page that asks for the token", media="text/html")
    def sign_in_page() -> str:
        language = asked_language()
        return render_template("login.html", language=language, words=texts(language))

    @app.post("/login")
    @operation(
        "Sign a browser in: the token for a cookie",
        body=takes(token=name_text()),
        example={"token": "as printed at the start"},
        answer=gives(signed_in=truth()),
    )
    def sign_in() -> ResponseReturnValue:
        token = text_of(read_body(("token",), '{"token": "..."}'), "token")
        answer: dict[str, Any] = {"signed_in": True}
        if gate is None or known():
            return answer
        if not gate.admits(request.remote_addr or "", token):
            raise Problem(401, "wrong-token", "The token is wrong. It is printed at the start.")
        return signed_in(jsonify(answer))

    @app.after_request
    def name_the_scheme(response: Response) -> Response:
        if response.status_code == 401:
            schemes = ["Bearer"]
            # Media players send a password only when asked for it so. A browser would open a
            # window of its own; all of them, and nothing else here, call themselves Mozilla.
            if "Mozilla" not in request.headers.get("User-Agent", ""):
                schemes.append("Basic")
            for scheme in schemes:  # a header each: players read no lists
                response.headers.add("WWW-Authenticate", f'{scheme} realm="Living Portrait"')
        return response


def token_in(header: str | None) -> str | None:
    """Return the token in an Authorization header: as Bearer, or as a Basic password for OBS."""
    shown = Authorization.from_header(header)
    if shown is None:
        return None
    if shown.type == "basic":
        return shown.password or ""
    return (shown.token or "") if shown.type == "bearer" else None


def _redirect(where: str) -> Response:
    response = redirect(where, 303)
    assert isinstance(response, Response)
    return response
