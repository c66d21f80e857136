"""The commands of the documents: run where this machine allows it, else parsed, with the reason.

A command of a new kind fails here until somebody has said how it is checked.
"""

import importlib.util
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest
import yaml
from pythonosc.udp_client import SimpleUDPClient

import start
from control.cli import COMMANDS, build_parser, main
from control.settings import load_config
from streamer.animation.idle_style import load_idle_style
from streamer.animation.presets import load_preset
from streamer.sinks.camera_advice import MODPROBE
from streamer.takes import read_take
from tests.documents import ROOT, SHELL, Block, Command, blocks, commands, documents

START_S: Final = 60.0

# Why a command of ours is only parsed. The first that fits counts.
NOT_RUN: Final = (
    (r"^test\b", "runs all tests, this one among them"),
    (r"^autostart (install|remove)", "changes this user's log-in"),
    (r"weights fetch", "downloads 660 MB"),
    (r"--engine liveportrait|^export-onnx", "needs the model files"),
    (r"0\.0\.0\.0", "opens a port to the network"),
    (r"run --mic( |$)(?!hello)", "needs a microphone"),
    (r"run --camera", "needs that camera"),
    (r"--stream ", "sends to another machine; tests/streamer/sinks does that on this one"),
    (r"^record ", "runs until Ctrl-C"),
    (r"^bake ", "draws for a minute, and more"),
    (r"^weights verify", "says 1 without the model files"),
)
# The documents whose runs of the whole product are done.
WHOLE_RUNS: Final = ("README.md", "presets.md")
# What makes a command short enough for a test; the last of two equal flags counts.
SHORTER: Final = {
    "run": [
        *("--camera", "none", "--panel", "127.0.0.1:0", "--osc", "127.0.0.1:0"),
        *("--seconds", "0.5", "--size", "320x180"),
    ],
    "render": ["--seconds", "0.5", "--size", "160x90", "--fps", "10"],
    "bench": ["--frames", "3", "--size", "160x90"],
}


def ours(command: Command) -> list[str] | None:
    """Return the arguments that reach `living-portrait`, or None for another program."""
    words = command.words
    match words[:2]:
        case [program, *_] if program.endswith("living-portrait"):
            words = words[1:]
        case ["python3" | "py", "start.py"]:
            own, words = start.split(words[2:])
            if own.keys() - {"--yes"}:
                return None  # start.py's own business
            if words[:1] == ["test"]:
                return words
        case _:
            return None
    # The cli's own rule: without a command, it is `run`.
    return words if words and words[0] in (*COMMANDS, "--version") else ["run", *words]


def found() -> list[Command]:
    """Every command line once, however many documents have it."""
    once: dict[str, Command] = {}
    for path in documents():
        if path.name != "README.ko.md":  # held to the English one by its own test
            for command in commands(path):
                once.setdefault(" ".join(command.words), command)
    return list(once.values())


COMMANDS_FOUND: Final = found()
OURS: Final = [command for command in COMMANDS_FOUND if ours(command) is not None]
CURLS: Final = [command for command in COMMANDS_FOUND if command.words[0] == "curl"]
OTHERS: Final = [c for c in COMMANDS_FOUND if c not in OURS and c not in CURLS]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the documents' commands name."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def furnish(folder: Path) -> None:
    shutil.copy(ROOT / "photo" / "mona-lisa.jpg", folder / "me.jpg")
    (folder / "photo").mkdir()
    shutil.copy(ROOT / "photo" / "mona-lisa.jpg", folder / "photo")
    (preset,) = blocks(ROOT / "README.md", "yaml")
    (folder / "hello.yaml").write_text(preset.text, encoding="utf-8")
    with wave.open(str(folder / "hello.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        tone = 8000 * np.sin(np.arange(8000) * 0.2)
        file.writeframes(tone.astype("<i2").tobytes())


def why_not(command: Command, arguments: Sequence[str]) -> str:
    """Say why a command of ours is not run here; empty if it is."""
    line = " ".join(arguments)
    why = next((why for pattern, why in NOT_RUN if re.search(pattern, line)), "")
    if not why and arguments[0] == "run" and command.path.name not in WHOLE_RUNS:
        return "takes seconds; differs from the README's in flags only"
    return why


@pytest.mark.parametrize("command", OURS, ids=str)
def test_a_command_of_ours_is_understood(command: Command) -> None:
    arguments = ours(command) or []
    if arguments[:1] not in (["test"], ["--version"]):
        build_parser().parse_args(arguments)


@pytest.mark.parametrize("command", OURS, ids=str)
def test_a_command_of_ours_works(
    command: Command, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ours(command) or []
    if arguments == ["--version"]:
        return  # tests/control/test_cli.py
    if why := why_not(command, arguments):
        pytest.skip(why)
    if arguments[:2] == ["presets", "check"] and arguments[2:] == ["FILE"]:
        arguments[2] = "hello.yaml"
    arguments += SHORTER.get(arguments[0], [])
    if arguments[0] == "run":
        done = subprocess.run(
            [sys.executable, "-m", "control", *arguments],
            cwd=workplace,
            env=environment(workplace),
            capture_output=True,
            text=True,
            timeout=START_S,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    else:
        threads = cv2.getNumThreads()  # `bench` sets it
        assert main(arguments) == 0, capsys.readouterr().err
        cv2.setNumThreads(threads)


def environment(folder: Path) -> dict[str, str]:
    home = {"LIVING_PORTRAIT_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **home}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """The product as a user starts it, without a camera: its page, its OSC, its folder."""
    folder = tmp_path_factory.mktemp("running")
    furnish(folder)
    ports = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    page, osc = (f"127.0.0.1:{port}" for port in ports)
    command = [sys.executable, "-m", "control", "run", "--size", "320x180", "--camera", "none"]
    command += ["--panel", page, "--osc", osc, "--oscquery", "off"]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=log, stderr=log
        )
        try:
            until(lambda: opens(ports[0]), process, folder / "log.txt")
            yield page, osc, folder
        finally:
            process.terminate()
            process.wait(timeout=60)
    assert "Traceback" not in (folder / "log.txt").read_text()


def opens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while not condition():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


@pytest.mark.parametrize("command", CURLS, ids=str)
def test_a_request_is_answered_by_the_running_product(
    command: Command, running: tuple[str, str, Path]
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page, _, folder = running
    words = [re.sub(r"(127\.0\.0\.1|192\.168\.0\.10):8000", page, word) for word in command.words]
    assert any(page in word for word in words)

    options = ["--silent", "--show-error", "--fail-with-body", "--max-time", "30"]
    done = subprocess.run([*words, *options], cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", OTHERS, ids=str)
def test_a_command_of_another_program_is_what_we_mean(
    command: Command, running: tuple[str, str, Path]
) -> None:
    words = [w.removeprefix(".venv/bin/") for w in command.words if w != "sudo"]
    if words[0] == "python":
        del words[0]
    if words[:2] == ["-m", "pip"]:
        del words[0]
    match words:
        case ["modprobe", "v4l2loopback", *options] if "devices=2" not in options:
            assert command.text in MODPROBE
        case ["echo", *_] if "modprobe.d" in command.text:
            wanted = MODPROBE.partition("v4l2loopback ")[2]
            assert all(option in command.text for option in re.findall(r"\w+=\S+", wanted))
        case [program, *_] if program in ROOT_TOOLS:
            pass  # needs root, or a machine with that firmware
        case ["pip", "install", *what]:
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
            named = re.findall(r"\[(\w+)\]", " ".join(what))
            assert set(named) <= set(project["project"]["optional-dependencies"])
        case ["-m", module, *arguments]:
            spec = importlib.util.find_spec(module)
            assert spec is not None, module
            if module.startswith("benchmarks."):
                source = Path(str(spec.origin)).read_text(encoding="utf-8")
                own = itertools.takewhile(
                    lambda word: word != "--", arguments
                )  # then flags of ours
                for flag in (word for word in own if word.startswith("--")):
                    assert f'"{flag}"' in source, f"{module} has no {flag}"
        case ["python3" | "py", "start.py", *arguments]:
            start.split(arguments)  # tests/test_start.py does what they say
        case ["ruff" | "mypy" | "pip-audit", *_]:
            pass  # `.ci/run` does that; the last asks the network
        case ["ffmpeg" | "ffplay" | "mpv" | "docker" | "podman", *_]:
            pass  # what receives or contains the product, on another machine
        case ["oscsend", host, port, *rest]:
            if shutil.which("oscsend") is None:
                pytest.skip("oscsend (liblo-tools) is not installed")
            assert (host, port) == ("127.0.0.1", "7001")
            there = running[1].partition(":")[2]
            subprocess.run(["oscsend", host, there, *rest], check=True, timeout=60)
        case _:
            pytest.fail(f"{command}: say here how such a command is checked")


ROOT_TOOLS: Final = ("apt", "modprobe", "echo", "mokutil", "reboot", "update-initramfs")


PYTHON_BLOCKS: Final = [block for path in documents() for block in blocks(path, "python")]


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=str)
def test_a_piece_of_python_does_what_it_says(
    block: Block, running: tuple[str, str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    page, osc, _ = running
    text = block.text.replace("127.0.0.1:8000", page)
    text = text.replace('"127.0.0.1", 7001', f'"127.0.0.1", {osc.partition(":")[2]}')
    names: dict[str, object] = {}

    exec(compile(text, str(block), "exec"), names)

    if isinstance(names.get("portrait"), SimpleUDPClient):
        names["portrait"].__exit__(None, None, None)
    if "print" in text:
        assert capsys.readouterr().out


YAML_BLOCKS: Final = [block for path in documents() for block in blocks(path, "yaml")]


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=str)
def test_a_block_of_yaml_is_taken_by_the_reader_that_it_is_for(
    block: Block, tmp_path: Path
) -> None:
    content = yaml.safe_load(block.text)
    file = tmp_path / f"{content.get('name', 'settings')}.yaml"
    file.write_text(block.text, encoding="utf-8")

    if "keyframes" in content:
        assert load_preset(file).name == content["name"]
    elif content.keys() & {"blink", "loops"}:
        style = {"name": "settings", **content}
        file.write_text(yaml.safe_dump(style, allow_unicode=True), encoding="utf-8")
        load_idle_style(file)
    elif "events" in content:
        take = {"take": 1, "settings": {"seed": 1}, "length_s": 60.0, **content}
        file.write_text(yaml.safe_dump(take, allow_unicode=True), encoding="utf-8")
        read_take(file)
    else:
        content.pop("photos", None)  # a folder of the reader's own
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        load_config({}, environment={}, file=file)


@pytest.mark.parametrize("path", documents(), ids=lambda p: p.name)
def test_every_block_of_code_is_of_a_language_that_is_checked(path: Path) -> None:
    for block in blocks(path):
        spoken = re.search(r"^living-portrait [a-z-]", block.text, re.MULTILINE)
        assert block.language or not spoken, f"{block}: say ```sh, so that it is tried"
        assert block.language in (*SHELL, "yaml", "python", "powershell", ""), (
            f"{block}: {block.language}"
        )
