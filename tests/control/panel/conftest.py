"""A page on a fake stream, in memory and served."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.download import Download
from control.panel.server import PanelServer
from control.remembered import Memory
from tests.control.fakes import FakeStream
from tests.control.panel.described import Described
from tests.control.panel.in_browser import ARGS, CHROMIUM, DESKTOP, PATIENCE_MS


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[FakeStream]:
    fake = FakeStream(tmp_path)
    yield fake
    fake.preview.close()


@pytest.fixture
def download(tmp_path: Path) -> Iterator[Download]:
    """Model files of which none is missing, so that no network is asked."""
    listed = tmp_path / "MANIFEST.toml"
    listed.write_text('repository = { id = "hub/models" }\nfile = []\n', encoding="utf-8")
    made = Download(tmp_path / "weights", listed=listed)
    yield made
    made.close()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = Memory(tmp_path / "state" / "choices.json", delay_s=0.0)
    yield made
    made.close()


@pytest.fixture
def app(stream: FakeStream, memory: Memory, download: Download) -> Iterator[Flask]:
    made = create_app(stream, memory=memory, download=download)
    made.testing = True
    # Whatever a test asks, the answer must be what /openapi.json says.
    made.after_request(Described(made).check)
    yield made
    panel_of(made).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def server(app: Flask) -> Iterator[PanelServer]:
    served = PanelServer(app, "127.0.0.1", 0)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        launched.close()


@pytest.fixture
def frames(stream: FakeStream) -> Iterator[None]:
    """Thirty frames a second into the preview."""
    stop = threading.Event()

    def run() -> None:
        level = 0
        while not stop.wait(1 / 30):
            level += 1
            stream.show(60 + level % 120)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def open_page(browser: Any, server: PanelServer, frames: None) -> Iterator[Callable[..., Any]]:
    """Open the page as somebody with a language, a screen and a taste for light or dark."""
    contexts, complaints = [], []

    def go(*, locale: str = "en-US", size: dict[str, int] = DESKTOP, scheme: str = "dark") -> Any:
        context = browser.new_context(viewport=size, locale=locale, color_scheme=scheme)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if "Content Security" in m.text else None,
        )
        page.goto(server.url)
        page.wait_for_selector(".preset")
        page.wait_for_selector(".face-row", state="attached")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
