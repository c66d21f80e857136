"""Files that vanish, cannot be read, or find the disk full while the portrait is on air."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.commands.run import write_report
from control.remembered import Memory, recall
from streamer import PhotoError, SinkError
from streamer.errors import PresetError
from streamer.resources import shipped
from streamer.view import Frame
from tests.faults.stages import Stages

PRESET = """name: {name}
duration_ms: 500
keyframes:
  - {{time: 0, params: {{}}}}
  - {{time: 0.5, params: {{smile: 1.0}}}}
  - {{time: 1, params: {{}}}}
"""


@pytest.fixture
def no_thread_left_running() -> None:
    """`stages` ends its threads itself, after this would have looked."""


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    photos = tmp_path / "photos"
    photos.mkdir()
    for file in shipped("photo").glob("mona-lisa.*"):
        shutil.copy(file, photos / file.name.replace("mona-lisa", "mine"))
    stages = Stages(tmp_path, photo="mine")
    stages.settle()
    stages.air.moves()
    yield stages
    stages.close()


# --- a photo that vanishes while it is on stage


def other_view(stages: Stages) -> None:
    stages.stream.change_view(zoom=1.4)
    stages.stream.change_view(zoom=1.1)


def failing_engine(stages: Stages) -> None:
    def black(frame: Frame) -> Frame:
        frame[:] = 0
        return frame

    failing = stages.engine
    failing.spoil = black
    stages.until(lambda: stages.engine is not failing, "another engine")


def other_engine(stages: Stages) -> None:
    before = stages.engine
    stages.stream.change_engine("auto")
    stages.until(lambda: stages.engine is not before, "another engine")


def other_size(stages: Stages) -> None:
    stages.stream.change_output(size="320x180")
    stages.stream.change_output(size="160x90")


def privacy(stages: Stages) -> None:
    stages.stream.set_privacy(True)
    stages.air.more(5)
    stages.stream.set_privacy(False)


def others_look(stages: Stages) -> None:
    assert stages.stream.source_image().startswith(b"\x89PNG")
    assert stages.stream.state()["photo"] == "mine"
    assert list(stages.stream.generate("smile", fps=5.0))
    assert [entry.name for entry in stages.stream.photos.entries()]


NEEDS_OF_A_PHOTO: dict[str, Callable[[Stages], None]] = {
    "another view": other_view,
    "a failing engine": failing_engine,
    "another engine": other_engine,
    "another size": other_size,
    "privacy and back": privacy,
    "all that is asked about it": others_look,
}


@pytest.mark.parametrize("gone", ["the file", "the folder", "a file in the folder's place"])
def test_a_photo_that_vanishes_on_stage_goes_on_whatever_is_asked_of_it(
    stages: Stages, gone: str
) -> None:
    if gone == "the file":
        for file in stages.photos.glob("mine.*"):
            file.unlink()
    else:
        shutil.rmtree(stages.photos)
        if gone != "the folder":
            stages.photos.write_text("")

    for what, ask in NEEDS_OF_A_PHOTO.items():
        with stages.nothing_lost(dark=what == "privacy and back"):
            ask(stages)
        assert stages.problems() == "" or "takes over" in stages.problems(), what

    with stages.nothing_lost():
        with pytest.raises(PhotoError, match="There is no photo 'mine'"):
            stages.stream.change_photo("mine")
        assert "Portrait 'mine' was not taken" in str(stages.stream.state()["photo_problem"])


def test_a_photo_that_became_something_else_is_refused_and_the_portrait_stays(
    stages: Stages,
) -> None:
    broken = {
        "empty": b"",
        "text": b"no picture at all",
        "half": (stages.photos / "mine.jpg").read_bytes()[:4000],
    }
    for name, data in broken.items():
        (stages.photos / f"{name}.jpg").write_bytes(data)
    (stages.photos / "folder.jpg").mkdir()
    (stages.photos / "link.jpg").symlink_to(stages.photos / "nowhere.jpg")

    for name in (*broken, "folder", "link"):
        with stages.nothing_lost(), pytest.raises(PhotoError):
            stages.stream.change_photo(name)
        assert f"'{name}' was not taken" in str(stages.stream.state()["photo_problem"])

    stages.stream.change_photo("mona-lisa")
    assert stages.stream.state()["photo_problem"] == ""


# --- presets


def unreadable(path: Path) -> None:
    path.chmod(0)


def a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere.yaml"))


BROKEN_PRESETS: dict[str, Callable[[Path], object]] = {
    "no YAML": lambda path: path.write_text("name: ["),
    "bytes": lambda path: path.write_bytes(bytes(range(256))),
    "too long": lambda path: path.write_text("# " + "x" * 100_000),
    "empty": lambda path: path.write_text(""),
    "another name": lambda path: path.write_text(PRESET.format(name="other")),
    "a folder": a_folder,
    "a dead link": a_dead_link,
    "a fifo": a_fifo,
    "not ours to read": unreadable,
}


@pytest.mark.parametrize("how", BROKEN_PRESETS)
def test_a_preset_that_breaks_is_named_and_its_last_good_version_or_all_others_stay(
    stages: Stages, how: str
) -> None:
    if how == "not ours to read" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = stages.presets / "mine.yaml"
    path.write_text(PRESET.format(name="mine"))
    stages.until(lambda: "mine" in stages.stream.presets.presets, "the preset")

    with stages.nothing_lost():
        BROKEN_PRESETS[how](path)
        stages.until(lambda: "mine.yaml" in stages.problems(), "the sentence")
        assert "smile" in stages.stream.presets.presets
        stages.stream.controls.trigger("smile", source="test")

        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
        path.write_text(PRESET.format(name="mine"))
        stages.until(lambda: stages.problems() == "", "the end of it")
    assert "mine" in stages.stream.presets.presets


@pytest.mark.parametrize("how", ["gone", "a file", "a dead link"])
def test_a_preset_folder_that_vanishes_takes_its_own_presets_alone(
    stages: Stages, how: str
) -> None:
    (stages.presets / "mine.yaml").write_text(PRESET.format(name="mine"))
    stages.until(lambda: "mine" in stages.stream.presets.presets, "the preset")

    with stages.nothing_lost():
        shutil.rmtree(stages.presets)
        if how == "a file":
            stages.presets.write_text("")
        elif how == "a dead link":
            stages.presets.symlink_to(stages.folder / "nowhere")
        stages.until(lambda: "mine" not in stages.stream.presets.presets, "its end")
        assert "smile" in stages.stream.presets.presets
        assert (str(stages.presets) in stages.problems()) == (how == "a file")
        if how != "gone":
            stages.presets.unlink()
        stages.presets.mkdir()
        (stages.presets / "mine.yaml").write_text(PRESET.format(name="mine"))
        stages.until(lambda: "mine" in stages.stream.presets.presets, "the preset again")
    assert stages.problems() == ""


# --- a disk that is full


class Disk:
    """A file system of a few kilobytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Leave no room."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        self._filler.unlink()

    def files(self) -> list[str]:
        found = (str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file())
        return sorted(name for name in found if name != "filler")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Needs the right to mount."""
    path = tmp_path / "disk"
    path.mkdir()
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("needs Linux and mount")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", path], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_take_on_a_full_disk_ends_whole_and_the_portrait_lives_on(
    tmp_path: Path, disk: Disk
) -> None:
    stages = Stages(tmp_path, record=disk.path / "evening.yaml")
    try:
        stages.settle()
        stages.until(
            lambda: "smile" in (disk.path / "evening.yaml").read_text(), "the first entries"
        )
        with stages.nothing_lost():
            disk.fill()
            for number in range(600):  # each frame is an entry; the last block takes some
                stages.stream.controls.set("pout", 0.0001 * number)
                stages.air.more(1)
                if "ends here: No space left" in stages.problems():
                    break
            else:
                pytest.fail("the state says nothing")
            stages.stream.controls.free("pout")
    finally:
        stages.close()

    from streamer.takes import read_take

    disk.make_room()
    assert read_take(disk.path / "evening.yaml").events


def test_what_cannot_be_kept_on_a_full_disk_is_refused_and_nothing_half_stays(
    tmp_path: Path,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("LIVING_PORTRAIT_HOME", str(disk.path))
    (disk.path / "presets").mkdir()
    stages = Stages(tmp_path, presets=disk.path / "presets")
    stream = stages.stream
    picture = (shipped("photo") / "mona-lisa.jpg").read_bytes()
    memory = Memory(disk.path / "choices.json", delay_s=0.01)
    preset = {"name": "mine", "duration_ms": 500, "keyframes": [{"time": 0, "params": {}}]}
    preset["keyframes"] += [{"time": 1, "params": {"smile": 1.0}}]  # type: ignore[operator]
    try:
        stages.settle()
        disk.fill()
        before = disk.files()
        with stages.nothing_lost():
            with pytest.raises(PhotoError, match=r"could not be kept .*No space left"):
                stream.add_photo("me.jpg", picture, find_face=False)
            with pytest.raises(PresetError, match="could not be written: No space left"):
                stream.preset_files.save(preset)
            with pytest.raises(SinkError, match=r"could not be written .*No space left"):
                write_report(disk.path / "report.json", stream.report())
            with caplog.at_level(logging.WARNING):
                memory.keep({"photo": "mona-lisa"})
                stages.until(lambda: "cannot be remembered" in caplog.text, "the sentence")
        assert [name for name in disk.files() if name not in before] in ([], ["report.json"])

        disk.make_room()
        stream.preset_files.save(preset)
        write_report(disk.path / "report.json", stream.report())
        memory.keep({"zoom": 1.5})
        stages.until(lambda: recall(disk.path / "choices.json").choices, "the choices")
        assert recall(disk.path / "choices.json").choices == {"photo": "mona-lisa", "zoom": 1.5}
        with pytest.raises(PhotoError):  # it is larger than this disk
            stream.add_photo("me.jpg", picture, find_face=False)
    finally:
        memory.close()
        stages.close()
