"""`weights fetch` and `weights verify` as typed, in processes of their own, off a local hub."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hub_server import HubServer

ROOT = Path(__file__).resolve().parent.parent.parent
REPOSITORY = "hub/models"
NETWORK = "networks/one.pth"
FACES = "faces/faces.onnx"
FILES = {NETWORK: bytes(range(256)) * 2000, FACES: b"faces" * 40}

# The command with another list of files than the shipped one.
RUN = """
import sys, pathlib
import control.commands.weights as command
listed = pathlib.Path(sys.argv.pop(1))
command.weights_list = lambda: listed
from control.cli import main
code = main(["weights", *sys.argv[1:]])
heavy = [name for name in ("torch", "onnxruntime", "flask") if name in sys.modules]
sys.exit(f"imported {heavy}" if heavy else code)
"""


@dataclass(frozen=True)
class Machine:
    """A machine with an empty weights folder and a hub to fetch from."""

    folder: Path
    listed: Path
    endpoint: str
    started: list[subprocess.Popen[str]]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.listed), *arguments],
            cwd=self.folder.parent,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "HF_ENDPOINT": self.endpoint,
                "HF_HOME": str(self.folder.parent / "hf"),
                "LIVING_PORTRAIT_WEIGHTS": str(self.folder),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer(REPOSITORY, dict(FILES)) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path, server: HubServer) -> Iterator[Machine]:
    lines = [f'repository = {{ id = "{REPOSITORY}" }}']
    for path, data in FILES.items():
        free = "true" if path == NETWORK else "false"
        lines += ["[[file]]", f'network = "{Path(path).stem}"', f'path = "{path}"', 'licence = "L"']
        lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"', f"commercial = {free}"]
        lines += [f"optional = {'false' if path == NETWORK else 'true'}"]
    listed = tmp_path / "MANIFEST.toml"
    listed.write_text("\n".join(lines))
    machine = Machine(tmp_path / "weights", listed, server.endpoint, [])
    yield machine
    for process in machine.started:
        if process.poll() is None:  # the test has failed
            process.kill()
            process.communicate()


def heard(process: subprocess.Popen[str], text: str) -> None:
    """Read the process's messages up to one with this text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"never said: {text}")


def test_verify_fetch_verify(machine: Machine) -> None:
    code, out, _ = machine.run("verify")
    assert code == 1
    assert "missing     networks/one.pth" in out
    assert "living-portrait weights fetch" in out

    code, out, err = machine.run("fetch", "--commercial-ok")
    assert (code, "1 of 2 there" in out, "75 %" in err) == (0, True, True)

    code, out, _ = machine.run("verify", "--json")
    table = json.loads(out)
    assert (code, table["ok"], table["repair"]) == (0, True, None)
    assert [row["state"] for row in table["files"]] == ["ok", "left out"]


def test_an_altered_file_is_shown_with_both_hashes_and_what_to_type(machine: Machine) -> None:
    (machine.folder / NETWORK).parent.mkdir(parents=True)
    (machine.folder / NETWORK).write_bytes(b"altered")

    code, out, _ = machine.run("verify", "--weights", str(machine.folder))

    assert code == 1
    assert hashlib.sha256(b"altered").hexdigest() in out
    assert hashlib.sha256(FILES[NETWORK]).hexdigest() in out
    assert f"weights fetch --weights {machine.folder}" in out


def test_commercial_use_is_warned_of_files_that_are_there_already(machine: Machine) -> None:
    assert machine.run("fetch")[0] == 0

    _, out, _ = machine.run("fetch", "--commercial-ok")

    assert f"delete it: {machine.folder / FACES}" in out


def test_offline_nothing_is_asked_and_the_message_says_why(
    machine: Machine, server: HubServer
) -> None:
    code, _, err = machine.run("fetch", HF_HUB_OFFLINE="1")

    assert code == 1
    assert "Offline mode is on" in err
    assert "Traceback" not in err
    assert server.seen == []


def test_a_hash_that_is_none_is_refused(machine: Machine) -> None:
    code, _, err = machine.run("fetch", "--accept-sha256", "abc")

    assert (code, "64 hex digits" in err) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_leaves_what_came_and_the_next_start_goes_on(
    machine: Machine, server: HubServer
) -> None:
    server.stalled = threading.Event()
    process = machine.start("fetch")
    heard(process, "50 %")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    server.stalled.set()

    assert process.returncode == 130
    assert "goes on from what is there" in err
    assert "Traceback" not in err

    code, _, err = machine.run("fetch")
    assert code == 0
    assert "MB of it are there" in err
    assert [span is None for path, span in server.gets() if path == NETWORK] == [True, False]


def test_two_at_once_fetch_every_file_once(machine: Machine, server: HubServer) -> None:
    server.stalled = threading.Event()
    first = machine.start("fetch")
    heard(first, "50 %")
    second = machine.start("fetch")
    heard(second, "waiting for it")
    server.stalled.set()

    for process in (first, second):
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert sorted(server.gets()) == [(FACES, None), (NETWORK, None)]


def test_a_process_that_was_killed_holds_nobody_up(machine: Machine, server: HubServer) -> None:
    server.stalled = threading.Event()
    first = machine.start("fetch")
    heard(first, "50 %")
    first.kill()
    first.communicate(timeout=60)
    server.stalled.set()

    code, out, _ = machine.run("fetch")

    assert (code, "2 fetched" in out) == (0, True)
