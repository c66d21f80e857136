"""A page on a fake stream, in memory and served."""

from collections.abc import Iterator
from pathlib import Path

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
