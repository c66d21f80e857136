"""The page and its interface as a Flask app."""

import json
from typing import Any, Final

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from control.live import Live
from control.panel import (
    routes_choices,
    routes_control,
    routes_fixed,
    routes_landmarks,
    routes_live,
    routes_photos,
    routes_presets,
    routes_say,
    routes_token,
    routes_weights,
)
from control.panel.bodies import MAX_BODY_BYTES
from control.panel.context import EXTENSION, OscLike, Panel
from control.panel.download import Download
from control.panel.language import asked_language, texts
from control.panel.limits import limit_bodies
from control.panel.openapi import document, operation
from control.panel.remembering import remember_choices
from control.panel.safety import guard
from control.panel.schemas import anything, gives, listed, mapping, text
from control.panel.telling import Telling, told
from control.panel.token import Gate
from control.problems import MEDIA_TYPE, Problem
from control.remembered import Memory
from streamer import ConfigError, ConsentError, NoFaceError, PhotoError, PortraitError

DESCRIPTION: Final = gives(
    openapi=text(),
    info=anything(),
    paths=mapping(anything()),
    components=anything(),
    security=listed(anything()),
)


def create_app(
    stream: Live,
    *,
    osc: OscLike | None = None,
    gate: Gate | None = None,
    memory: Memory | None = None,
    download: Download | None = None,
) -> Flask:
    """Build the app; `panel_of` gives what the server must close when it stops.

    With a ``gate`` other machines are served, too, if they know its token. ``memory`` keeps what is
    chosen, ``download`` knows the model files; without them nothing is kept, and none are offered.
    """
    app = Flask("control.panel", static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json = Telling(app)
    app.json.sort_keys = False
    app.json.ensure_ascii = False
    app.url_map.merge_slashes = False  # what is misspelt is not there; nothing is redirected
    panel = Panel(stream, osc, gate, memory, download)
    app.extensions[EXTENSION] = panel

    guard(app, panel.names)
    limit_bodies(app)
    remember_choices(app, panel)
    for routes in (
        routes_token,
        routes_fixed,
        routes_control,
        routes_say,
        routes_photos,
        routes_landmarks,
        routes_live,
        routes_presets,
        routes_choices,
        routes_weights,
    ):
        routes.add_routes(app, panel)

    @app.get("/openapi.json")
    @operation("This description, as OpenAPI 3.1", answer=DESCRIPTION)
    def openapi() -> dict[str, Any]:
        return document(app)

    @app.get("/")
    @operation("The page", media="text/html", also={303: None})
    def page() -> str:
        language = asked_language()
        return render_template("index.html", language=language, words=texts(language))

    @app.after_request
    def revalidate(response: Response) -> Response:
        if request.path.startswith("/static/"):
            # A new version of the program brings new files under the same names.
            response.headers["Cache-Control"] = "no-cache"
        else:
            response.vary.add("Accept-Language")
        return response

    @app.errorhandler(Problem)
    def problem(exc: Problem) -> ResponseReturnValue:
        return _answer(exc)

    @app.errorhandler(PortraitError)
    def refused(exc: PortraitError) -> ResponseReturnValue:
        if isinstance(exc, NoFaceError):
            return _answer(Problem(422, "no-face", exc.what))
        if isinstance(exc, PhotoError):
            return _answer(Problem(422, "photo-refused", str(exc)))
        if isinstance(exc, ConsentError):
            return _answer(Problem(409, "not-for-this-photo", str(exc)))
        if isinstance(exc, ConfigError):
            return _answer(Problem(400, "bad-value", str(exc)))
        return _answer(Problem(500, "stream", str(exc)))

    @app.errorhandler(HTTPException)
    def http_error(exc: HTTPException) -> ResponseReturnValue:
        if exc.code is None or exc.code < 400:  # a redirect
            return exc.get_response()
        code = exc.name.lower().replace(" ", "-")
        answer = _answer(Problem(exc.code, code, exc.description or exc.name))
        for header, value in exc.get_headers():
            if header.lower() == "allow":
                answer.headers["Allow"] = value
        return answer

    return app


def _answer(problem: Problem) -> Response:
    # `title` and `code` are for programs and stay as they are.
    data = json.dumps(told(problem.body(request.path), asked_language()), ensure_ascii=False)
    response = Response(data, status=problem.status, content_type=MEDIA_TYPE)
    if "retry_after_s" in problem.more:
        response.headers["Retry-After"] = str(problem.more["retry_after_s"])
    return response
