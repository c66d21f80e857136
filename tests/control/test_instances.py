"""Living Portraits on one machine find each other by their files, whatever became of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.instances import FOLLOW_S, CameraTaken, Instance, Instances, born, candidates
from control.ports import holder
from control.taking_over import asked, claim, end_orderly
from streamer import SinkError
from tests.fakes import FakeClock

ONE, TWO = "/dev/video10", "/dev/video11"
PAGE = "http://127.0.0.1:8000"


class People:
    """Processes that live as long as a test says."""

    def __init__(self) -> None:
        self.living = {100: "a", 200: "b", 300: "c"}

    def born(self, pid: int) -> str | None:
        return self.living.get(pid)


@pytest.fixture
def people() -> People:
    return People()


def instances(folder: Path, people: People, pid: int) -> Instances:
    return Instances(folder, pid=pid, born_of=people.born)


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends at SIGTERM."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_second_start_is_told_who_has_the_camera_and_what_to_type(
    tmp_path: Path, people: People
) -> None:
    instances(tmp_path, people, 100).claim([ONE], page=PAGE)

    with pytest.raises(CameraTaken) as refused:
        instances(tmp_path, people, 200).claim([ONE])

    text = str(refused.value)
    assert f"the camera {ONE} (process 100, since " in text
    assert PAGE in text
    assert text.endswith("Type: living-portrait run --take-over")
    assert "\n" not in text


def test_two_cameras_serve_two_and_a_third_is_refused(tmp_path: Path, people: People) -> None:
    instances(tmp_path, people, 100).claim([ONE, TWO])
    second = instances(tmp_path, people, 200)
    second.claim([ONE, TWO])

    with pytest.raises(CameraTaken):
        instances(tmp_path, people, 300).claim([ONE, TWO])

    assert [i.camera for i in instances(tmp_path, people, 300).others()] == [ONE, TWO]


def test_none_never_conflicts_nor_does_a_machine_without_cameras(
    tmp_path: Path, people: People
) -> None:
    instances(tmp_path, people, 100).claim([])
    instances(tmp_path, people, 200).claim([])
    instances(tmp_path, people, 300).claim([ONE])

    assert candidates("none") == []


def test_an_end_or_a_crash_or_a_number_used_again_frees_the_camera(
    tmp_path: Path, people: People
) -> None:
    ended, crashed = instances(tmp_path, people, 100), instances(tmp_path, people, 200)
    ended.claim([ONE])
    ended.release()
    ended.release()
    crashed.claim([ONE])
    people.living[200] = "a later process"

    instances(tmp_path, people, 300).claim([ONE])

    assert [file.name for file in tmp_path.glob("*.json")] == ["300.json"]


def test_a_restart_under_the_same_process_claims_again(tmp_path: Path, people: People) -> None:
    instances(tmp_path, people, 100).claim([ONE])

    instances(tmp_path, people, 100).claim([ONE])

    assert len(list(tmp_path.glob("*.json"))) == 1


def test_the_camera_that_the_stream_really_has_is_noted_and_one_it_waits_for_kept(
    tmp_path: Path, people: People
) -> None:
    clock = FakeClock()
    first = Instances(tmp_path, pid=100, born_of=people.born, now=clock)
    other = instances(tmp_path, people, 200)
    first.claim([ONE, TWO])

    def noted() -> str:
        return other.others()[0].camera

    first.follow(lambda: {"camera": {"status": "waiting", "device": ""}})
    assert noted() == ONE
    clock.sleep(FOLLOW_S)
    first.follow(lambda: {"camera": {"status": "attached", "device": TWO}}, page=PAGE)
    assert noted() == TWO
    assert other.others()[0].page == PAGE
    first.follow(lambda: {"camera": {"status": "off", "device": None}})
    assert noted() == TWO, "looked at again after less than a second"
    clock.sleep(FOLLOW_S)
    first.follow(lambda: {"camera": {"status": "off", "device": None}})
    assert noted() == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": []}', "x" * 10_000])
def test_a_damaged_file_is_cleared_away(tmp_path: Path, people: People, content: str) -> None:
    (tmp_path / "100.json").write_text(content)

    assert instances(tmp_path, people, 200).others() == []
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_only_the_user_can_read_the_files(tmp_path: Path, people: People) -> None:
    folder = tmp_path / "instances"

    instances(folder, people, 100).claim([ONE])

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_folder_that_cannot_be_written_keeps_nobody_from_starting(
    tmp_path: Path, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    nowhere = instances(tmp_path / "file" / "instances", people, 100)

    nowhere.claim([ONE])
    nowhere.update(page=PAGE)
    nowhere.release()

    assert "cannot be looked for" in caplog.text


RACE = """
import sys, time
from pathlib import Path
from control.instances import CameraTaken, Instances
Path(sys.argv[1], f"ready-{sys.argv[2]}").touch()
while not Path(sys.argv[1], "go").exists():
    time.sleep(0.001)
try:
    Instances(Path(sys.argv[1], "instances")).claim(["/dev/video10"])
    print("mine", flush=True)
except CameraTaken:
    print("taken", flush=True)
sys.stdin.read()
"""


def test_of_starts_at_the_same_instant_one_gets_the_camera(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path), str(k)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for k in range(3)
    ]
    try:
        while len(list(tmp_path.glob("ready-*"))) < 3:
            assert all(racer.poll() is None for racer in racers)
        (tmp_path / "go").touch()
        said = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
    finally:
        for racer in racers:
            racer.communicate()

    assert sorted(said) == ["mine", "taken", "taken"]


def test_taking_over_ends_the_other_one_and_has_the_camera(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    Instances(tmp_path, pid=sleeper.pid).claim([ONE])
    mine = Instances(tmp_path)

    claim(mine, [ONE], take_over=True)

    assert sleeper.wait() == -signal.SIGTERM
    assert mine.others() == []
    assert [file.name for file in tmp_path.glob("*.json")] == [f"{os.getpid()}.json"]


def test_a_restarted_renderer_goes_on_with_the_file_of_its_program(
    tmp_path: Path, people: People
) -> None:
    instances(tmp_path, people, 100).claim([ONE])
    again = instances(tmp_path, people, 100)

    again.adopt()
    again.update(page=PAGE)

    [found] = instances(tmp_path, people, 200).others()
    assert (found.camera, found.page) == (ONE, PAGE)
    again.release()
    assert instances(tmp_path, people, 200).others() == []


@pytest.mark.parametrize(
    ("typed", "yes"), [("y", True), ("YES", True), ("네", True), ("", False), ("n", False)]
)
def test_who_sits_before_the_terminal_is_asked_and_nothing_means_no(typed: str, yes: bool) -> None:
    pty = pytest.importorskip("pty")
    keyboard, terminal = pty.openpty()
    code = "import sys; from control.taking_over import asked; sys.exit(5 if asked() else 6)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=terminal, stderr=terminal) as process:
        os.write(keyboard, f"{typed}\n".encode())
        process.wait()
        said = os.read(keyboard, 1000).decode()
    os.close(keyboard)
    os.close(terminal)

    assert "End that one and start here? [y/N]" in said
    assert process.returncode == (5 if yes else 6)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", nothing)

        assert not asked()


def test_one_that_does_not_end_is_named_with_what_to_type() -> None:
    stubborn = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print(flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        times = iter(range(100))
        one = Instance(stubborn.pid, born(stubborn.pid) or "", ONE, "", 0.0)

        with pytest.raises(SinkError, match=f"Type: .*{stubborn.pid}"):
            end_orderly(one, now=lambda: float(next(times)), sleep=lambda _s: None)
    finally:
        stubborn.communicate()


def test_a_process_that_has_the_number_of_one_that_ended_is_left_alone(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    end_orderly(Instance(sleeper.pid, "another birth", ONE, "", 0.0))

    assert sleeper.poll() is None


def test_a_zombie_counts_as_ended() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert born(process.pid) is None
    assert born(os.getpid()) == born(os.getpid()) is not None
    process.wait()


def test_what_is_kept_is_what_the_message_needs_and_no_more(tmp_path: Path, people: People) -> None:
    instances(tmp_path, people, 100).claim([ONE], page=PAGE)

    kept = json.loads((tmp_path / "100.json").read_text())

    assert set(kept) == {"pid", "born", "camera", "page", "started"}


HOLDER = """
import socket, sys
from control.instances import Instances
Instances().claim([])
with socket.create_server(("127.0.0.1", 0)) as door:
    print(door.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def test_a_port_that_another_portrait_has_is_told_as_such() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        port = int(other.stdout.readline())

        assert holder(port, "tcp") == f"another Living Portrait (process {other.pid})"
    finally:
        other.communicate()
