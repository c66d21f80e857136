"""What the program says when something is wrong can be found in docs/troubleshooting.md."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from control.osc.verdicts import verdict
from control.ports import taken_message
from streamer.sinks import camera_advice
from streamer.sinks.camera_advice import Machine
from tests.documents import ROOT, flat

PAGE = flat((ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8"))

LINUX = Machine("Linux", "…", distributions=("debian",), user="…")
MACHINES = {
    "windows": Machine("Windows"),
    "macos": Machine("Darwin"),
    "wsl": replace(LINUX, wsl=True),
    "loaded": replace(LINUX, module_loaded=True),
    "container": replace(LINUX, container=True),
    "installed": replace(LINUX, module_installed=True),
    "no modules": replace(LINUX, modules_folder=False),
    "another distribution": replace(LINUX, distributions=()),
    "debian": LINUX,
}


def camera_messages() -> Iterator[str]:
    """Every message of `camera_advice`, with … for what differs."""
    for name, function in inspect.getmembers(camera_advice, inspect.isfunction):
        if (
            name.startswith("_")
            or function.__module__ != camera_advice.__name__
            or name == "gather"
        ):
            continue
        if name == "no_camera":
            yield from (function(machine) for machine in MACHINES.values())
            continue
        given = {
            parameter: {"machine": LINUX, "holders": ["…"], "found": ["…"]}.get(parameter, "…")
            for parameter in inspect.signature(function).parameters
            if parameter != "can_send"
        }
        yield function(**given)
        if "machine" in given:
            yield function(**{**given, "machine": MACHINES["container"]})
        if name == "size_held":
            yield function(**given, can_send=False)


def first_sentence(message: str) -> str:
    return flat(re.split(r"(?<=[.:]) (?=[A-Z(`])|: …", message)[0])


@pytest.mark.parametrize("message", sorted({first_sentence(m) for m in camera_messages()}))
def test_what_is_said_of_cameras_is_explained(message: str) -> None:
    assert message.rstrip(".: ") in PAGE


def test_what_is_said_of_ports_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    monkeypatch.setattr("control.ports.holder", lambda *_: "…")
    message = taken_message("page", "--panel", "127.0.0.1", 8000, OSError(errno.EADDRINUSE, ""))

    assert first_sentence(message.replace("8000", "…")) in PAGE


@pytest.mark.parametrize(
    "code",
    ["not_allowed", "unknown_address", "malformed", "repeat", "let_go", "limited"],
)
def test_what_the_osc_monitor_says_is_explained(code: str) -> None:
    fields = dict.fromkeys(("name", "known", "reason", "value"), "…")

    assert flat(verdict(code, **fields).en) in PAGE


# Others, as the code has them; a message that is worded anew is worded anew here and there.
@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("No face was found in '", "streamer/engines/warp/locate.py"),
        ("is damaged or incomplete", "streamer/photo.py"),
        ("claims far more pixels", "streamer/photo.py"),
        ("There is no photo '", "streamer/photo_library.py"),
        ("camera formats need an even number from", "streamer/view.py"),
        ("This page does not answer to the name '", "control/panel/safety.py"),
        ("The stream does not answer. Trying again", "control/panel/static/i18n/en.json"),
        ("PyTorch is not installed", "streamer/engines/needs.py"),
        ("there is no accelerator (CUDA or MPS)", "streamer/engines/needs.py"),
        ("there are no model files in", "streamer/engines/needs.py"),
        ("could not be fetched from", "streamer/engines/liveportrait/hub.py"),
        ("takes over.", "streamer/fallback.py"),
        ("Another Living Portrait has the camera", "control/instances.py"),
        ("The microphone needs the package sounddevice", "streamer/speech/hearing.py"),
        ("As chosen on the page before:", "control/commands/run.py"),
        ("Unknown setting '", "control/settings.py"),
        ("has not agreed to be made to speak", "streamer/consent.py"),
    ],
)
def test_what_other_parts_say_is_explained(said: str, where: str) -> None:
    source = (ROOT / Path(where)).read_text(encoding="utf-8")
    joined = re.sub(r'"\s*\n\s*f?"', "", source)  # sentences that go over several lines

    assert said in joined, f"{where} no longer says so"
    assert said in PAGE
