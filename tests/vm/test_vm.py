"""Runs the virtual machine from a plain pytest, when it is asked for."""

import shutil

import pytest

from tests.vm.machine import run

pytestmark = pytest.mark.vm


@pytest.fixture(autouse=True)
def asked_for(request: pytest.FixtureRequest) -> None:
    if "vm" not in request.config.option.markexpr:
        pytest.skip("boots a virtual machine for minutes: pytest -m vm, or python -m tests.vm")
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("QEMU is missing: apt-get install --no-install-recommends qemu-system-x86")


@pytest.mark.parametrize("driver_suite", [None, "trixie"], ids=["this-debian", "trixie"])
def test_the_product_feeds_a_real_camera(
    driver_suite: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    with capfd.disabled():  # the minutes are easier to wait for with dots
        print()
        assert run(driver_suite) == 0
