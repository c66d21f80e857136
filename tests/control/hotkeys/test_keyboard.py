"""The real keyboard of an X11 desktop: keys that another program gets are heard here, too."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20.0
MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason="Xvfb, xdotool missing (apt install xvfb xdotool)"),
    pytest.mark.skipif(find_spec("pynput") is None, reason="pynput is missing (extra [hotkeys])"),
]

# Says what the keys did, one line each, until its input ends.
PROGRAM = """
import sys
from control.hotkeys import Hotkeys
from tests.control.fakes import FakeStream

stream = FakeStream()
def cue(name, strength=1.0, length_s=None, **how):
    print("play" if strength else "release", name, flush=True)
stream.controls.trigger = cue  # a release is one of strength 0
stream.set_privacy = lambda on: (setattr(stream, "privacy", on), print("privacy", on, flush=True))
hotkeys = Hotkeys(stream, [
    ("ctrl+alt+1", "smile"), ("ctrl+alt+t", "talk"), ("ctrl+alt+b", "privacy"), ("f9", "wink")
])
hotkeys.start()
print(hotkeys.message or "ready", flush=True)
sys.stdin.read()
hotkeys.stop()
print("ended", flush=True)
"""


@pytest.fixture
def display() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "320x240x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    if not number:
        server.kill()
        server.wait()
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.wait(10)


def test_keys_are_heard_whoever_has_the_keyboard(display: str) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("WAYLAND", "XDG_SESSION"))},
        "DISPLAY": display,
        "PYTHONPATH": str(ROOT),
    }
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    said = program.stdout
    watch = threading.Timer(PATIENCE_S, program.kill)  # a line that never comes ends the test
    watch.start()

    def keys(*arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=environment, check=True, timeout=10)

    try:
        assert said.readline().strip() == "ready"
        keys("key", "1", "key", "shift+t", "key", "ctrl+1")  # nobody asked for these
        keys("key", "ctrl+alt+1")
        assert said.readline().strip() == "play smile"
        keys("keydown", "ctrl", "keydown", "alt", "keydown", "t")
        assert said.readline().strip() == "play talk"
        keys("keyup", "t", "keyup", "alt", "keyup", "ctrl")
        assert said.readline().strip() == "release talk"
        keys("key", "ctrl+alt+b")
        assert said.readline().strip() == "privacy True"
        keys("key", "F9")
        assert said.readline().strip() == "play wink"
        rest, _ = program.communicate("", timeout=10)
        assert (rest.split(), program.returncode) == (["ended"], 0)
    finally:
        watch.cancel()
        if program.poll() is None:
            program.kill()
            program.communicate()
