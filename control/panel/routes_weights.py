"""Routes of the neural engine's model files: what is there, and the download of the rest."""

from typing import Any, Final

from flask import Flask

from control.panel.bodies import read_body, truth_of
from control.panel.context import Panel
from control.panel.download import Download
from control.panel.openapi import operation
from control.panel.schemas import gives, listed, maybe, or_null, takes, text, truth, whole
from control.panel.shapes import PROGRESS
from control.problems import Problem

FILE: Final = gives(
    path=text(),
    size=or_null(whole(0)),
    licence=text(),
    commercial=truth("whether the licence allows commercial use"),
    optional=truth("whether the engine runs without it"),
    there=truth("whether it lies there; what is in it is checked when it is loaded"),
)


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""

    def download() -> Download:
        if panel.download is None:
            raise Problem(409, "no-weights", "This stream has no folder for model files.")
        return panel.download

    @app.get("/weights")
    @operation(
        "The neural engine's model files",
        answer=gives(folder=text(), files=listed(FILE), progress=PROGRESS),
        problems=(409, 500),
    )
    def model_files() -> dict[str, Any]:
        files = download()
        return {
            "folder": str(files.folder),
            "files": files.files(),
            "progress": files.progress,
        }

    @app.post("/weights/fetch")
    @operation(
        "Begin to fetch what is missing; goes on where an earlier download ended. One at a time: "
        "a second call joins the first. The progress comes with the state at /events",
        body=takes(commercial_only=maybe(truth("leave out what forbids commercial use"))),
        example={},
        answer=gives(progress=PROGRESS),
        status=202,
        problems=(409, 500),
    )
    def fetch_model_files() -> tuple[dict[str, Any], int]:
        body = read_body(("commercial_only",), '{"commercial_only": false}')
        commercial = truth_of(body, "commercial_only") if "commercial_only" in body else False
        files = download()
        files.start(commercial_only=commercial)
        return {"progress": files.progress}, 202

    @app.post("/weights/stop")
    @operation(
        "Stop the download; what came stays",
        body=takes(),
        example={},
        answer=gives(progress=PROGRESS),
        problems=(409,),
    )
    def stop_fetching() -> dict[str, Any]:
        read_body((), "{}")
        files = download()
        files.stop()
        return {"progress": files.progress}
