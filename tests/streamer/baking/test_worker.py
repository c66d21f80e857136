"""Clips are drawn once, by one process, and survive whatever happens to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from streamer.baking.jobs import Job
from streamer.baking.worker import LOCK_SUFFIX, is_done, work
from streamer.engines.baked.clip_file import drawn_so_far, open_clip
from streamer.engines.baked.store import all_bakes
from streamer.errors import EngineError
from streamer.parameters import Face, neutral_face
from streamer.view import Frame

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.0)


class Levels:
    """Draws one grey level for a face, and counts."""

    def __init__(self, fails_after: int = 10**6) -> None:
        self.drawn = 0
        self._fails_after = fails_after

    def draw(self, face: Face) -> Frame:
        if self.drawn == self._fails_after:
            raise EngineError("a dark frame")
        self.drawn += 1
        return np.full((32, 32, 3), round(100 * face["smile"]) + 80, np.uint8)


def job(name: str, frames: int = 6) -> Job:
    return Job("preset", name, tuple({**REST, "smile": i / frames} for i in range(frames)))


def test_what_an_engine_that_failed_had_drawn_is_not_drawn_again(tmp_path: Path) -> None:
    first, second = Levels(fails_after=4), Levels()
    with pytest.raises(EngineError):
        work([job("smile")], tmp_path, first)  # type: ignore[arg-type]

    work([job("smile")], tmp_path, second)  # type: ignore[arg-type]

    assert (first.drawn, second.drawn) == (4, 2)
    assert is_done(tmp_path / job("smile").file)


def test_a_clip_that_another_process_draws_is_left_to_it(tmp_path: Path) -> None:
    theirs, mine, source = job("smile"), job("wink", 5), Levels()
    with FileLock((tmp_path / theirs.file).with_suffix(LOCK_SUFFIX)):
        work([theirs, mine], tmp_path, source)  # type: ignore[arg-type]

    assert source.drawn == 5
    assert is_done(tmp_path / mine.file)
    assert not (tmp_path / theirs.file).exists()


def test_a_clip_that_was_damaged_is_drawn_anew(tmp_path: Path) -> None:
    work([job("smile")], tmp_path, Levels())  # type: ignore[arg-type]
    path = tmp_path / job("smile").file
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    work([job("smile")], tmp_path, Levels())  # type: ignore[arg-type]

    assert path.read_bytes() == whole


def test_a_face_that_comes_twice_is_drawn_once(tmp_path: Path) -> None:
    source = Levels()
    there_and_back = Job("preset", "nod", (*job("nod").faces, *reversed(job("nod").faces)))

    work([there_and_back], tmp_path, source)  # type: ignore[arg-type]

    assert source.drawn == 6
    clip = open_clip(tmp_path / there_and_back.file)
    assert clip.read(1) == clip.read(10)
    clip.close()


COMMAND = [
    *(sys.executable, "-m", "control", "bake", "--engine", "warp", "--presets", "smile,wink"),
    "--no-sliders",
]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bake_that_is_killed_again_and_again_ends_as_one_that_was_not(
    tmp_path: Path, workers: int
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    subprocess.run([*COMMAND, "--out", whole], check=True, capture_output=True)
    command = [*COMMAND, "--out", str(torn), "--workers", str(workers)]
    seen = -1

    for _ in range(3):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        seen = _wait_for_more(torn, seen)
        os.kill(process.pid, signal.SIGKILL)  # the workers are left alone, and must end as well
        process.wait()
        _wait_for_silence(torn)
    after = _frames(torn)
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert "Done" in done.stdout or "already" in done.stdout
    assert after > 0
    (expected,), (found,) = all_bakes(whole), all_bakes(torn)
    assert found.complete
    for name in expected.clips:
        assert (found.folder / name).read_bytes() == (expected.folder / name).read_bytes()
    assert not list(torn.rglob("*.part"))


def _frames(bakes: Path) -> int:
    """Count what is on disk, in clips and in logs."""
    total = 0
    for path in bakes.rglob("*.part"):
        total += drawn_so_far(path)
    for bake in all_bakes(bakes):
        total += sum(n for name, n in bake.clips.items() if (bake.folder / name).is_file())
    return total


def _wait_for_more(bakes: Path, seen: int) -> int:
    """Wait until a bake has drawn some more, or has ended."""
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        now = _frames(bakes)
        if now > max(seen, 0) + 5:
            return now
        if all_done(bakes):
            return now
        time.sleep(0.02)
    raise AssertionError("the bake did not begin")


def all_done(bakes: Path) -> bool:
    found = list(all_bakes(bakes))
    return bool(found) and found[0].complete


def _wait_for_silence(bakes: Path) -> None:
    """Wait until nobody draws any more: workers see between two frames that they are alone."""
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        before = _frames(bakes)
        time.sleep(0.5)
        if _frames(bakes) == before:
            return
    raise AssertionError("workers went on without anybody waiting for them")
