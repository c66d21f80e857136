"""The whole product on a real camera: started as a user starts it, seen as a meeting sees it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from streamer.config import Config
from streamer.stream import Stream
from tests.vm import guest
from tests.vm.guest import CAMERA, HEIGHT, WIDTH, Frame

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif("VCAM_VM" not in os.environ, reason="only inside vcam-vm"),
    pytest.mark.usefixtures("fresh_driver"),
]

OSC_PORT = 7001
FPS = 8  # what is drawn and read in time where the processor is emulated


class Product:
    """``living-portrait run`` in a process of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._report = folder / "report.json"
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "control", "run", "--engine", "warp", "--fps", str(FPS)),
                *("--photo", "sample-image", "--size", f"{WIDTH}x{HEIGHT}", "--seed", "1"),
                *("--panel", "off", "--osc", f"127.0.0.1:{OSC_PORT}"),
                *("--seconds", "300", "--report", str(self._report), *flags),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        self._reader = threading.Thread(target=self._collect, name="test-product-output")
        self._reader.start()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)

    def said(self) -> str:
        return "".join(self._lines)

    def end(self) -> dict[str, object]:
        """End it as Ctrl-C does; return its report."""
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        assert status in (0, 130), self.said()
        report: dict[str, object] = json.loads(self._report.read_text(encoding="utf-8"))
        return report


@contextlib.contextmanager
def opened_when_sent() -> Iterator[cv2.VideoCapture]:
    """OpenCV as the meeting program, once the camera announces that it can be read."""
    end = time.monotonic() + 120
    while True:
        capture = cv2.VideoCapture(CAMERA, cv2.CAP_V4L2)
        if capture.isOpened():
            break
        assert time.monotonic() < end, "the camera cannot be read"
        time.sleep(0.5)
    try:
        yield capture
    finally:
        capture.release()


def press(address: str) -> None:
    """Send an OSC message without arguments, as a button does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(OscMessageBuilder(address).build().dgram, ("127.0.0.1", OSC_PORT))


def read(capture: cv2.VideoCapture) -> Frame:
    ok, frame = capture.read()
    assert ok
    return np.asarray(frame[:, :, ::-1], np.uint8)


def expected() -> tuple[Frame, Frame]:
    """The portrait at rest and smiling, as the engine draws it without any camera."""
    stream = Stream(
        Config(engine="warp", photo="sample-image", size=f"{WIDTH}x{HEIGHT}", camera="none")
    )
    try:
        scene = stream.stage_once()
        rest = scene.render(scene.rest).copy()
        smiling = scene.render({**scene.rest, "smile": 1.0}).copy()
    finally:
        stream.stop()
    return rest, smiling


def likeness(a: Frame, b: Frame) -> float:
    """Correlation of two pictures: 1 for the same, 0 where one is of one colour."""
    x, y = (image[::2, ::2].astype(float).ravel() for image in (a, b))
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else 0.0


def test_the_face_is_on_the_camera_and_smiles_when_told_by_osc(tmp_path: Path) -> None:
    rest, smiling = expected()
    change = np.abs(smiling.astype(np.int16) - rest).max(axis=2)
    changed = change > 40
    # Where a smile shows: a small part of the picture, around the mouth.
    assert 20 < changed.sum() < rest.size / 3 / 20

    def smile_of(frame: Frame) -> float:
        """0 at rest, 1 as the full smile, measured where the two differ."""
        way = (smiling[changed].astype(float) - rest[changed]).ravel()
        done = (frame[changed].astype(float) - rest[changed]).ravel()
        return float(done @ way / (way @ way))

    product = Product(tmp_path)
    try:
        with opened_when_sent() as capture:
            frames = [read(capture)]
            end = time.monotonic() + 120
            while likeness(frames[-1], rest) < 0.95:  # black until the first is drawn
                assert time.monotonic() < end, likeness(frames[-1], rest)
                frames = [read(capture)]
            before = [read(capture) for _ in range(2 * FPS)]
            press("/portrait/trigger/smile")
            after = [read(capture) for _ in range(6 * FPS)]
    finally:
        report = product.end()

    assert before[0].shape == (HEIGHT, WIDTH, 3)
    assert min(likeness(frame, rest) for frame in before) > 0.95
    assert any((a != b).any() for a, b in pairwise(before)), "it lives"
    calm = max(smile_of(frame) for frame in before)
    smiles = [smile_of(frame) for frame in after]
    assert max(smiles) > calm + 0.4, (calm, smiles)
    assert smiles[-1] < calm + 0.2, (calm, smiles)
    camera = report["camera"]
    assert isinstance(camera, dict)
    assert camera["device"] == CAMERA


def test_a_camera_that_is_loaded_while_the_product_runs_is_used(tmp_path: Path) -> None:
    guest.driver("unload")
    product = Product(tmp_path)
    try:
        end = time.monotonic() + 120
        while "No virtual camera" not in product.said():
            assert time.monotonic() < end, product.said()
            time.sleep(0.2)
        guest.driver("load")
        with opened_when_sent() as capture:
            shown = [read(capture) for _ in range(3 * FPS)]
    finally:
        report = product.end()

    assert shown[-1].std() > 20  # a picture, not the black of before
    camera = report["camera"]
    assert isinstance(camera, dict)
    assert camera["status"] == "attached"
    assert product.said().count("No virtual camera") == 1
