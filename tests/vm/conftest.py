"""Fixtures of the tests inside the virtual machine."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def fresh_driver() -> Iterator[None]:
    """The driver as after a start of the machine: one camera, nobody has used it."""
    from tests.vm import guest

    guest.fresh()
    yield
    if guest.loaded():
        guest.driver("unload")
