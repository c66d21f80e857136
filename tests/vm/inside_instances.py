"""Two whole programs that want one real camera: the second is refused, or takes over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from control.instances import Instance, Instances
from tests.vm.guest import CAMERA

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif("VCAM_VM" not in os.environ, reason="only inside vcam-vm"),
    pytest.mark.usefixtures("fresh_driver"),
]

WAIT_S = 120.0


def command(*flags: str) -> list[str]:
    return [
        *(sys.executable, "-m", "control", "run", "--engine", "warp", "--fps", "5"),
        *("--size", "160x90", "--panel", "off", "--osc", "off", *flags),
    ]


@pytest.fixture
def programs() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        yield started
        for program in started:
            stack.enter_context(program)
            program.send_signal(signal.SIGTERM)


def has_the_camera(pid: int) -> Instance:
    """Wait until a program's frames are in the camera."""
    from streamer.sinks.camera_linux import VideoDevices

    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        for other in Instances().others():
            if other.pid == pid and VideoDevices().format(CAMERA) is not None:
                return other
        time.sleep(0.2)
    raise AssertionError("the camera shows nothing")


def test_one_camera_serves_one_and_is_taken_over_in_order(
    programs: list["subprocess.Popen[bytes]"],
) -> None:
    programs.append(subprocess.Popen(command()))
    first = has_the_camera(programs[0].pid)
    assert first.camera == CAMERA

    refused = subprocess.run(
        command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert f"the camera {CAMERA} (process {first.pid}, since " in refused.stderr
    assert refused.stderr.rstrip().endswith("Type: living-portrait run --take-over")

    programs.append(subprocess.Popen(command("--take-over")))
    assert programs[0].wait(timeout=WAIT_S) == 0
    assert has_the_camera(programs[1].pid).camera == CAMERA
