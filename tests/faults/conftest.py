"""The long rows run when they are asked for: ``python -m pytest tests/faults -m faults``."""

import pytest


@pytest.fixture(autouse=True)
def asked_for(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("faults") and "faults" not in request.config.option.markexpr:
        pytest.skip("takes minutes: python -m pytest tests/faults -m faults")
