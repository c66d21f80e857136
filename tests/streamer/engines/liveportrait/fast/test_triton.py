"""The Triton kernels without a card: interpreted beside their twins, compiled for others' cards.

Both need a process of their own: whether triton interprets is settled for a whole one, and the
driver that it asks is replaced.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)
pytest.importorskip("triton", reason="triton is not installed; pip install -e '.[test]' on Linux")

from streamer.engines.liveportrait.fast import kernels
from streamer.engines.liveportrait.fast.launch import pixel_step, readable, writable
from streamer.engines.liveportrait.fast.triton_glue import TritonGlue
from tests.streamer.engines.liveportrait.fast.twins import CASES, a_map

pytestmark = pytest.mark.neural

ROOT = Path(__file__).parents[5]


def run(program: str, *arguments: str, folder: Path) -> list[dict[str, Any]]:
    """Run a program beside this file; its answer is a JSON line per case."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "TRITON_CACHE_DIR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    answers = run("twins.py", "cpu", folder=tmp_path_factory.mktemp("interpreted"))
    return {answer["case"]: answer["off"] for answer in answers}


@pytest.mark.parametrize("case", CASES)
def test_a_kernel_answers_as_its_twin(interpreted: dict[str, dict[str, float]], case: str) -> None:
    assert interpreted[case]
    assert {name: off for name, off in interpreted[case].items() if not off <= 1.0} == {}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_all_kernels_answer_as_their_twins_on_a_card(tmp_path: Path) -> None:
    for answer in run("twins.py", "cuda", folder=tmp_path):
        assert {name: off for name, off in answer["off"].items() if not off <= 1.0} == {}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, Any]]:
    @cache
    def made(capability: int) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("compiled")
        (answer,) = run("compiled.py", str(capability), "1", "8", folder=folder)
        return answer

    return made


@pytest.mark.parametrize("capability", [86, 90])
def test_all_kernels_of_a_frame_compile_for_a_card(
    compiled: Callable[[int], dict[str, Any]], capability: int
) -> None:
    made = compiled(capability)["kernels"]

    assert compiled(capability)["assembled"] == sum(made.values())
    # The fastest form waits for each of them, if behind the picture: no more than are needed.
    frame = {"lay", "convert", "shrink"}
    assert frame < set(made)
    assert sum(count for name, count in made.items() if name not in frame) <= 23


def test_what_is_compiled_for_one_face_does_for_batches(
    compiled: Callable[[int], dict[str, Any]],
) -> None:
    answer = compiled(90)

    assert answer["kernels"] == answer["kernels_of_first_batch"]


def test_channels_of_a_larger_map_are_read_in_place_and_planes_are_copied() -> None:
    large = a_map(2, 24, 3, 5)

    assert pixel_step(large) == 24
    assert readable(large[:, 8:16])[1] == 24
    assert readable(large[:, 8:16])[0].data_ptr() == large[:, 8:16].data_ptr()
    assert readable(large[:, :, :, ::2])[1] == 24  # copied: pixels with gaps
    assert readable(torch.zeros(2, 24, 3, 5))[1] == 24


def test_a_map_of_planes_is_refused_as_an_answers_place() -> None:
    with pytest.raises(ValueError, match=r"\(60, 15, 5, 1\) cannot be written"):
        writable(torch.zeros(2, 4, 3, 5))


def test_triton_says_what_it_lacks_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)

    assert kernels.unloadable() is None
    assert kernels.available() == "triton needs a C compiler; install gcc"


def test_more_terms_than_kernels_take_are_refused() -> None:
    with pytest.raises(ValueError, match="not 4"):
        TritonGlue().statistics([a_map(1, 8, 2, 2)] * 4, 1e-5)
