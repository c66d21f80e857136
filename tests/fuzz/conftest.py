"""A page on a fake stream, served, without the checks of every answer that other tests make."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from control.panel.app import create_app
from control.panel.server import PanelServer
from tests.control.fakes import FakeStream


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[FakeStream]:
    fake = FakeStream(tmp_path)
    yield fake
    fake.speaker.close()
    fake.preview.close()


@pytest.fixture
def server(stream: FakeStream) -> Iterator[PanelServer]:
    served = PanelServer(create_app(stream), "127.0.0.1", 0)
    served.start()
    yield served
    served.stop()
