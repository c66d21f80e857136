"""The real keyboard of an X11 desktop: keys that another program gets are heard here, too."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0
READ: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
PARTS = {"with_x11": "Xlib", "with_pynput": "pynput"}
MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason="Xvfb, xdotool missing (apt install xvfb xdotool)"),
]

# Says what the keys did, one line each, until its input ends.
PROGRAM = """
import sys
import importlib
from control.hotkeys import Hotkeys
from tests.control.fakes import FakeStream

stream = FakeStream()
def cue(name, strength=1.0, length_s=None, **how):
    print("play" if strength else "release", name, flush=True)
stream.controls.trigger = cue  # a release is one of strength 0
stream.set_privacy = lambda on: (setattr(stream, "privacy", on), print("privacy", on, flush=True))
listen = importlib.import_module(f"control.hotkeys.{sys.argv[1]}").listen
table = [("ctrl+alt+1", "smile"), ("ctrl+alt+t", "talk"), ("ctrl+alt+b", "privacy"), ("f9", "wink")]
hotkeys = Hotkeys(stream, table, listen=listen)
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
    server.wait(60)


@pytest.mark.parametrize("part", PARTS)
def test_keys_are_heard_whoever_has_the_keyboard(display: str, part: str) -> None:
    if find_spec(PARTS[part]) is None:
        pytest.skip(f"{PARTS[part]} is not installed")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("WAYLAND", "XDG_SESSION"))},
        "DISPLAY": display,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", PROGRAM, part]
    program = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, **READ)
    assert program.stdin is not None
    assert program.stdout is not None
    said = program.stdout
    watch = threading.Timer(PATIENCE_S, program.kill)  # a line that never comes ends the test
    watch.start()

    def keys(*arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=environment, check=True, timeout=60)

    try:
        assert said.readline().strip() == "ready"
        keys("key", "1", "key", "shift+t", "key", "ctrl+1")  # nobody asked for these
        keys("key", "ctrl+alt+1")
        assert said.readline().strip() == "play smile"
        # Longer than the system takes to repeat a held key.
        keys("keydown", "ctrl", "keydown", "alt", "keydown", "t", "sleep", "0.9")
        assert said.readline().strip() == "play talk"
        keys("keyup", "t", "keyup", "alt", "keyup", "ctrl")
        assert said.readline().strip() == "release talk"
        keys("key", "ctrl+alt+b")
        assert said.readline().strip() == "privacy True"
        keys("key", "F9")
        assert said.readline().strip() == "play wink"
        if part == "with_x11":
            second = subprocess.run(command, env=environment, input="", **READ, timeout=60)
            assert "Hotkey ctrl+alt+1 belongs to another program" in second.stdout
        rest, _ = program.communicate("", timeout=60)
        assert (rest.split(), program.returncode) == (["ended"], 0)
    finally:
        watch.cancel()
        if program.poll() is None:
            program.kill()
            program.communicate()
