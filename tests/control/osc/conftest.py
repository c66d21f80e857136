"""A door over a stream that draws nothing."""

from collections.abc import Iterator

import pytest

from control.osc.door import OscDoor
from tests.control.fakes import FakeStream


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    fake = FakeStream()
    yield fake
    fake.preview.close()


@pytest.fixture
def door(stream: FakeStream) -> Iterator[OscDoor]:
    opened = OscDoor(stream, "127.0.0.1", 0)
    opened.start()
    yield opened
    opened.stop()
