"""The HTTP side of OSCQuery: a GET for a path answers with its part of the address space.

The page's own checks of Host, Origin and Sec-Fetch-Site are in front of it, and who may not send
OSC may not ask either.
"""

import json
from collections.abc import Callable, Container
from typing import Any

from flask import Flask, Response, jsonify, request

from control.live import Live
from control.oscquery.tree import ATTRIBUTES, EXTENSIONS, READ, find, tree
from control.panel.safety import guard
from control.problems import MEDIA_TYPE, Problem


def create_query_app(
    stream: Live,
    *,
    osc_port: Callable[[], int],
    names: Container[str],
    may_ask: Callable[[str], bool],
) -> Flask:
    """Build the application; ``may_ask`` is given the address of who asks."""
    app = Flask(__name__, static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]
    guard(app, names)

    @app.before_request
    def check_sender() -> None:
        if not may_ask(request.remote_addr or ""):
            raise Problem(
                403,
                "foreign-sender",
                f"{request.remote_addr} may not ask; start with --osc-allow {request.remote_addr}.",
            )

    @app.get("/")
    @app.get("/<path:path>")
    def answer(path: str = "") -> Any:
        # Clients write the attribute as the whole query, without a value.
        attribute = request.query_string.partition(b"=")[0].decode("ascii", "replace")
        if attribute == "HOST_INFO":
            return jsonify(
                {
                    "NAME": "Living Portrait",
                    "EXTENSIONS": EXTENSIONS,
                    "OSC_PORT": osc_port(),
                    "OSC_TRANSPORT": "UDP",
                }
            )
        node = find(tree(stream), path)
        if node is None:
            raise Problem(404, "no-such-address", f"There is no OSC address '/{path[:80]}'.")
        if not attribute:
            return jsonify(node)
        if attribute not in ATTRIBUTES:
            raise Problem(400, "no-such-attribute", f"'{attribute[:40]}' is no attribute here.")
        hidden = attribute == "VALUE" and not node["ACCESS"] & READ
        if hidden or attribute not in node:
            return Response(status=204)
        return jsonify({attribute: node[attribute]})

    @app.errorhandler(Problem)
    def explain(problem: Problem) -> Response:
        body = json.dumps(problem.body(request.path), ensure_ascii=False)
        return Response(body, problem.status, mimetype=MEDIA_TYPE)

    return app
