"""`living-portrait doctor` and a real camera: it reads its own picture back and disturbs nobody."""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from control import camera_findings
from control.cli import main
from control.findings import Finding
from control.instances import Instances
from control.settings import load_config
from streamer.sinks.camera import CameraSink
from tests.vm import guest
from tests.vm.guest import CAMERA

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif("VCAM_VM" not in os.environ, reason="only inside vcam-vm"),
    pytest.mark.usefixtures("fresh_driver"),
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that the emulated processor converts and reads in time."""
    monkeypatch.setenv("LIVING_PORTRAIT_SIZE", "320x180")
    monkeypatch.setenv("LIVING_PORTRAIT_FPS", "20")


def of_the_camera() -> dict[str, Finding]:
    """What the doctor says of the camera alone."""
    return {f.subject: f for f in camera_findings.examine(load_config({}), readback=True)}


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with capsys.disabled():
        print(*(f"{f['subject']}: {f['found']}" for f in told), sep="; ")
    return {finding["subject"]: finding for finding in told}


@contextlib.contextmanager
def portrait(pid: int) -> Iterator[None]:
    """Another Living Portrait that has the camera, as far as its file tells."""
    instance = Instances(pid=pid)
    instance.claim([CAMERA], page="http://127.0.0.1:8000")
    try:
        yield
    finally:
        instance.release()


def test_size_rate_colour_mirror_and_latency_are_read_back_from_a_free_camera(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = findings(capsys)

    assert found["camera"]["found"] == f"{CAMERA} 'Living Portrait'"
    assert found["size"]["found"] == "320x180 YU12 comes out"
    for subject in ("size", "rate", "colour", "mirror", "latency"):
        assert found[subject]["ok"], found[subject]
    assert found["mirror"]["found"] == "left is left"
    # And again: on v4l2loopback 0.12 a camera that is not given back is stuck.
    assert findings(capsys)["latency"]["ok"]


def test_nothing_is_sent_to_a_camera_that_a_program_shows() -> None:
    sink = CameraSink("auto", guest.WIDTH, guest.HEIGHT, 30)
    with contextlib.closing(sink):
        sink.send(guest.moving_bars()[0], 0.0)
        reader = guest.StreamReader()
        reader.wait_for(3)
    with reader:  # it stays, as a meeting does whose portrait has ended
        before = len(reader.times)
        found = of_the_camera()
        after = len(reader.times)

    assert after == before
    assert "v4l2-ctl" in found["readback"].found
    assert found["readback"].use.endswith("living-portrait doctor")
    assert "rate" not in found


def test_a_camera_that_another_program_sends_to_is_left_alone() -> None:
    with guest.other_sender() as other:
        found = of_the_camera()

    assert set(found) == {"camera"}
    assert not found["camera"].ok
    assert f"(pid {other.pid})" in found["camera"].fix


def test_the_camera_of_a_running_portrait_is_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVING_PORTRAIT_FPS", "6")  # the other sender's rate, and a bit below
    with guest.other_sender() as other, portrait(other.pid):
        found = of_the_camera()

    assert found["camera"].ok
    assert f"(process {other.pid}, since" in found["camera"].found
    assert found["size"].found == "640x360 YU12 comes out"
    assert found["rate"].ok, found["rate"]
    assert "colour" not in found
