"""What the tests inside the virtual machine share: test pictures, readers, other programs."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.sinks.camera import CameraSink, CameraState
from streamer.sinks.camera_linux import VideoDevices
from tests.vm.bars import BARS, HEIGHT, WIDTH, Frame, moving_bars, shown_bars

__all__ = ("BARS", "HEIGHT", "WIDTH", "Frame", "moving_bars", "shown_bars")

CAMERA: Final = "/dev/video10"


@contextlib.contextmanager
def sending(sink: CameraSink, frames: Sequence[Frame], fps: float = 30) -> Iterator[None]:
    """Send the frames round and round from a thread, as the render loop does."""
    stop = threading.Event()

    def loop() -> None:
        start = time.monotonic()
        number = 0
        while not stop.wait(max(0.0, start + number / fps - time.monotonic())):
            sink.send(frames[number % len(frames)], number / fps)
            number += 1

    thread = threading.Thread(target=loop, name="test-renderer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def until(
    sink: CameraSink, wanted: Callable[[CameraState], bool], timeout_s: float = 20
) -> CameraState:
    """Wait for a state."""
    end = time.monotonic() + timeout_s
    while not wanted(sink.state):
        assert time.monotonic() < end, f"still {sink.state}"
        time.sleep(0.05)
    return sink.state


def read_with_ffmpeg(count: int, width: int, height: int, device: str = CAMERA) -> list[Frame]:
    """Take frames as ffmpeg gives them, in RGB."""
    done = subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-f", "v4l2", "-i", device),
            # Without the mode, ffmpeg fills the time that it took to start with copies.
            *("-fps_mode", "passthrough", "-frames:v", str(count)),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
        ],
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return list(np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3))


def read_raw(count: int, width: int, height: int, device: str = CAMERA) -> NDArray[np.uint8]:
    """Take the last of some frames as its bytes, not converted by anybody."""
    done = subprocess.run(
        [
            *("v4l2-ctl", "-d", device, "--stream-mmap", f"--stream-count={count + 2}"),
            "--stream-to=-",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )
    return np.frombuffer(done.stdout, np.uint8)[-(width * height * 3 // 2) :]


def read_with_opencv(count: int, device: str = CAMERA) -> list[Frame]:
    """Take frames as OpenCV gives them, in RGB."""
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    assert capture.isOpened()
    try:
        frames = []
        for _ in range(count):
            ok, frame = capture.read()
            assert ok
            frames.append(np.asarray(frame[:, :, ::-1], np.uint8))
        return frames
    finally:
        capture.release()


class StreamReader:
    """v4l2-ctl as a reader that stays attached and writes down when each frame came."""

    def __init__(self, device: str = CAMERA, count: int = 100_000, keep: str = "/dev/null") -> None:
        self._process = subprocess.Popen(
            [
                *("v4l2-ctl", "-d", device, "--stream-mmap", f"--stream-count={count}"),
                *(f"--stream-to={keep}", "--verbose"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.times: list[float] = []
        """When each frame was written, on the driver's clock (s)."""
        self._lines = threading.Thread(target=self._collect, name="test-reader")
        self._lines.start()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"cap dqbuf.* ts: ([0-9.]+)", line)
            if found:
                self.times.append(float(found[1]))

    @property
    def worst_gap_s(self) -> float:
        """The longest time between two frames, and since the last one."""
        return max(b - a for a, b in pairwise([*self.times, time.monotonic()]))

    def wait_for(self, count: int, timeout_s: float = 30) -> None:
        """Wait until so many frames came in all."""
        end = time.monotonic() + timeout_s
        while len(self.times) < count:
            assert time.monotonic() < end, f"{len(self.times)} of {count} frames came"
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        """Send the reader a signal."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End the reader; calling it twice is harmless."""
        if self._process.stdout is None or self._process.stdout.closed:
            return
        self._process.terminate()
        self._process.wait()
        self._lines.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> "StreamReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_OTHER_SENDER: Final = """
import sys, time, numpy, pyvirtualcam
camera = pyvirtualcam.Camera(640, 360, 30, device=sys.argv[1], fmt=pyvirtualcam.PixelFormat.I420)
frame = numpy.full(640 * 540, 128, numpy.uint8)
while True:
    camera.send(frame)
    print("sent", flush=True)
    time.sleep(0.1)
"""


@contextlib.contextmanager
def other_sender(device: str = CAMERA) -> Iterator["subprocess.Popen[bytes]"]:
    """Another program that sends to the camera; killed at the end, as by a crash."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OTHER_SENDER, device], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"sent\n"
    drain = threading.Thread(target=process.stdout.read, name="test-drain")
    drain.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stdout.close()


def readable(device: str = CAMERA) -> bool:
    """Whether a program would find a camera there that it can read: somebody sends to it."""
    try:
        return VideoDevices().capabilities(device).capture
    except OSError:
        return False


def driver(*arguments: str) -> None:
    """Call ``vcam-driver``: load [PARAMETER=VALUE...], unload."""
    subprocess.run(["vcam-driver", *arguments], check=True, stdout=subprocess.DEVNULL)


def fresh() -> None:
    """Load the driver as after a start of the machine: one camera, nobody has used it."""
    if loaded():
        driver("unload")
    driver("load")


def loaded() -> bool:
    """Whether the driver is there."""
    with open("/proc/modules") as modules:  # noqa: PTH123
        return re.search(r"^v4l2loopback ", modules.read(), re.M) is not None


def load_fake_webcam() -> None:
    """Load vivid, a driver that plays a webcam, and all that it needs."""
    waiting = sorted(Path(os.environ["VCAM_VM_MODULES"]).glob("*.ko"))
    for _ in range(4):  # their order is not known here: those that fail are tried again
        for module in list(waiting):
            done = subprocess.run(["insmod", module], check=False, capture_output=True, text=True)
            if done.returncode == 0 or "File exists" in done.stderr:
                waiting.remove(module)
