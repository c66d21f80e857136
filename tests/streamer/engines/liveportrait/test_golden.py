"""The golden archive, as far as the suite's time allows; all of it: python -m tests.golden."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed; pip install -e '.[liveportrait]'")

from tests.golden.__main__ import main
from tests.golden.archive import Archive
from tests.golden.recompute import Recomputer
from tests.streamer.engines.conftest import ARCHIVE

pytestmark = pytest.mark.neural

# One with lids, lips and pose, one with every slider, crop and paste-back.
SCENARIOS = ("e2e/eye_lip_ratio", "e2e/everything_crop_paste")


def _parts() -> list[str]:
    parts = Recomputer(Archive(ARCHIVE), lambda: None, "cpu").parts()
    sources = ("e2e_source/face256_scale2.5", "e2e_source/portrait_scale2.5")
    return [p for p in parts if not p.startswith("e2e") or p in (*SCENARIOS, *sources)]


@pytest.fixture(scope="module")
def recomputer(archive: Archive, networks: Any) -> Recomputer:
    return Recomputer(archive, lambda: networks, "cpu")


@pytest.mark.parametrize("part", _parts())
def test_answers_are_those_of_the_reference(
    archive: Archive, recomputer: Recomputer, part: str
) -> None:
    answers = [(name, array) for name, array in recomputer.parts()[part]() if name in archive]
    rows = [row for name, array in answers for row in archive.rows(name, array)]

    assert rows
    assert [str(row) for row in rows if not row.ok] == []


def test_every_array_of_the_archive_belongs_to_a_part(archive: Archive) -> None:
    prefixes = [
        *Recomputer(archive, lambda: None, "cpu").parts(),
        *("module/stitching", "module/lip", "module/eye", "trace"),
    ]

    assert [n for n in archive.arrays if not n.startswith(tuple(f"{p}/" for p in prefixes))] == [
        name for name in archive.arrays if name.startswith("crop/mask_template")
    ]


def test_a_wrong_answer_is_a_miss_and_a_wrong_shape_too(archive: Archive) -> None:
    name = "e2e/neutral/x_d"

    assert archive.row(name, archive[name] + 0.9e-5).ok
    assert not archive.row(name, archive[name] + 2e-5).ok
    assert not archive.row(name, archive[name][:, :20]).ok
    assert not archive.row(name, archive[name] * float("nan")).ok


def test_a_trace_names_the_first_layer_that_differs(archive: Archive) -> None:
    name = "trace/warping_module/stats"
    answer = archive[name].copy()
    answer[7:, 0] += 1

    assert "first: dense_motion_network.hourglass.encoder" in archive.row(name, answer).note


def test_the_command_ends_with_1_on_a_miss_and_names_it(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.npz"
    shutil.copy(archive.path.with_suffix(".json"), copy.with_suffix(".json"))
    wrong = {"ratio/lip": archive["ratio/lip"] + np.float32(1e-3)}
    np.savez(copy, **(archive.arrays | wrong))

    good = main([str(archive.path), "--only", "ratio"])
    said_good = capsys.readouterr().out
    bad = main([str(copy), "--only", "ratio"])
    said_bad = capsys.readouterr().out

    assert (good, bad) == (0, 1)
    assert "0 MISS" in said_good
    missed = [line for line in said_bad.splitlines()[:-1] if "MISS" in line]
    assert any(line.startswith("ratio/lip ") for line in missed)
    assert all(line.startswith("ratio/lip") for line in missed)
