"""A bake on a local Ray cluster of two workers, one of which is killed in the middle.

pip install -e '.[cluster]' && pytest -m cluster tests/streamer/baking/test_cluster.py
"""

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed; pip install -e '.[cluster]'")

from streamer.animation.preset_library import PresetLibrary  # noqa: E402
from streamer.baking.bake import Recipe, bake_here, prepare  # noqa: E402
from streamer.baking.cluster import bake_on_ray  # noqa: E402
from streamer.baking.source import Asked, opened, with_marks  # noqa: E402
from streamer.engines.baked.store import identify  # noqa: E402
from streamer.photo import read_photo  # noqa: E402
from streamer.resources import shipped  # noqa: E402

# Ray's own code warns, and leaves sockets and threads to the end of the process.
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]


def test_a_worker_that_is_killed_costs_no_clip(tmp_path: Path) -> None:
    library = PresetLibrary([shipped("presets")])
    presets = {name: library.presets[name] for name in ("smile", "wink", "nod", "surprise")}
    recipe = Recipe({}, presets, sliders=False)
    asked = Asked(read_photo(shipped("photo") / "mona-lisa.jpg"), "warp")
    killed: list[int] = []
    over = threading.Event()

    def kill_one() -> None:
        while not over.wait(0.05):
            for process in psutil.process_iter(["name", "cmdline"]):
                said = " ".join(process.info["cmdline"] or [process.info["name"] or ""])
                if said.startswith("ray::draw_anywhere") and _is_ours(process):
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
                    return

    with opened(asked) as source:
        alone = prepare(asked, recipe, tmp_path / "alone", source)
        bake_here(alone, source, asked, 1, tell=lambda progress: None)
        planned = prepare(asked, recipe, tmp_path / "cluster", source)
    killer = threading.Thread(target=kill_one, name="killer")
    killer.start()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        bake_on_ray(planned, asked, "local", tell=lambda progress: None)
    finally:
        over.set()
        killer.join()
        ray.shutdown()

    assert killed
    assert planned.bake.complete
    for name in planned.bake.clips:
        there = (planned.bake.folder / name).read_bytes()
        assert there == (alone.bake.folder / name).read_bytes()


def test_marks_that_travel_along_make_the_same_bake() -> None:
    photo = read_photo(shipped("photo") / "mona-lisa.jpg")

    taken = with_marks(photo)

    assert identify(taken, "warp", 1, Path()) == identify(photo, "warp", 1, Path())


def _is_ours(process: psutil.Process) -> bool:
    return any(parent.pid == os.getpid() for parent in process.parents())
