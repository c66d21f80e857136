"""The GPU benchmark itself: that it runs whole, and that nothing wrong passes for a figure."""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from benchmarks import gpu, gpu_parts
from benchmarks.gpu_case import Case
from benchmarks.gpu_contestants import Contestant, Entry
from benchmarks.gpu_machine import DeviceGone, Machine
from benchmarks.gpu_parts import Bench
from benchmarks.gpu_race import Plan, Race
from benchmarks.gpu_report import Clock, Deadline, Report, ratio
from benchmarks.gpu_targets import fastest, targets

pytestmark = pytest.mark.neural

ROOT = Path(__file__).resolve().parents[2]
PLAN = Plan(rounds=4, frames=4, fewest_rounds=2, fewest_frames=2, settling=1, trials=2)
RIGHT = np.arange(4, dtype=np.float32)[:, None, None, None] * np.ones((4, 2, 2, 3), np.float32)


def run(*arguments: str, timeout_s: float = 300.0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks.gpu", "--smoke", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def test_all_parts_run_on_a_cpu_and_end_with_every_target(tmp_path: Path) -> None:
    file = tmp_path / "figures" / "gpu.json"

    done = run("--json", str(file))

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = json.loads(file.read_text())
    contestants = {row["contestant"]: row for row in figures["contestants"]["rows"]}
    assert list(contestants) == [
        "reference as shipped",
        "reference .half()",
        "ours fp32, readable",
        "ours packed",
        "ours packed, 2 at once",
    ]
    for part, key in (("contestants", "contestant"), ("layers", "layer"), ("end to end", "frames")):
        wrong = {row[key]: row["error"] for row in figures[part]["rows"] if row.get("error")}
        assert not wrong
    assert contestants["ours packed, 2 at once"]["PSNR dB"] > 60
    assert contestants["reference as shipped"]["ratio"]["ratio"] == 1.0
    assert figures["end to end"]["rows"][0]["form"] == "packed"
    assert figures["pacing"]["running"]["form"] == "packed"
    assert 0.1 < figures["weights"]["pictures"]["deviation"] < 0.4
    assert "reference .half() max-autotune" in figures["compiled"]["medians_ms"]
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("targets: ")
    assert len(last.split(" | ")) == len(targets({}))


def test_a_run_that_takes_too_long_is_cut_and_leaves_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, left, codes = tmp_path / "gpu.json", threading.Event(), list[int]()

    def compiles(bench: Bench, deadline: Deadline) -> None:
        bench.report.put("environment", "device", "a card")
        assert left.wait(60.0)

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    monkeypatch.setitem(gpu.PARTS, "environment", compiles)
    monkeypatch.setattr(gpu, "leave", leave)

    gpu.main(["--smoke", "--minutes", "0.02", "--parts", "environment", "--json", str(file)])

    assert codes == [gpu.CUT]
    assert "Cut after 0.02 minutes in the part 'environment'." in capsys.readouterr().out
    figures = json.loads(file.read_text())
    assert figures["environment"]["device"] == "a card"
    assert len(figures["run"]["targets"]) == len(targets({}))


class Rig:
    """A race of contestants that copy numbers into pictures."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.said: list[str] = []
        self.report = Report(None, Clock(60.0), self.said.append)
        case = Case(None, None, None, None, RIGHT)  # type: ignore[arg-type]
        machine = machine or Machine("cpu")
        self.race = Race(case, machine, self.report, "contestants", PLAN)

    def run(self, *entries: Entry) -> dict[str, dict[str, Any]]:
        deadline = self.report.clock.part(60.0)
        self.race.enter(entries, deadline)
        self.race.run(deadline, entries[0].name)
        return {row["contestant"]: row for row in self.report.figures["contestants"]["rows"]}


def entry(
    name: str,
    batch: int = 1,
    *,
    draw: Callable[[int], object] = lambda first: None,
    skip: Sequence[int] = (),
    add: float = 0.0,
) -> Entry:
    """A contestant that leaves out some faces, or draws them too bright, or does worse."""

    def make() -> Contestant:
        paper = np.zeros((batch, 2, 2, 3), np.float32)

        def frame(first: int) -> None:
            draw(first)
            for place in range(batch):
                if first + place not in skip:
                    paper[place] = first + place + add

        return Contestant(name, batch, frame, paper.copy, lambda: paper.fill(np.nan))

    return Entry(name, batch, make)


def failing(after: int) -> Callable[[int], object]:
    calls = iter(range(after))
    return lambda first: next(calls)


def test_contestants_take_turns_and_are_held_against_the_first() -> None:
    rows = Rig().run(
        entry("slow", draw=lambda first: time.sleep(0.004)),
        entry("fast", draw=lambda first: time.sleep(0.001)),
        entry("two", 2, add=1.0),
    )

    assert rows["slow"]["PSNR dB"] == np.inf
    assert rows["two"]["most"] == 1.0
    found = rows["fast"]["ratio"]
    assert 1.5 < found["low"] <= found["ratio"] <= found["high"]
    assert rows["fast"]["frames"] == 4 * 4


def test_a_contestant_that_fails_leaves_its_error_and_the_others_race() -> None:
    rig = Rig()

    rows = rig.run(
        entry("good"),
        Entry("cannot be made", 1, lambda: 1 / 0),  # type: ignore[arg-type,return-value]
        entry("leaves a face out", skip=[2]),
        entry("fails on air", draw=failing(10)),
        entry("batch that leaves one out", 2, skip=[3]),
    )

    assert "frames" in rows["good"]
    assert rows["cannot be made"]["error"] == "error: ZeroDivisionError: division by zero"
    assert "25.0 % of the values are not finite or not drawn" in rows["leaves a face out"]["error"]
    assert "StopIteration" in rows["fails on air"]["error"]
    assert "not drawn" in rows["batch that leaves one out"]["error"]


class LostMachine(Machine):
    def lost(self) -> bool:
        return True


def test_a_device_that_is_lost_goes_on_in_a_new_process_without_the_culprit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeviceGone) as gone:
        Rig(LostMachine("cpu")).run(entry("good"), entry("bad kernel", draw=failing(0)))
    assert gone.value.culprit == "bad kernel"

    options = options_of("--smoke", "--json", str(tmp_path / "gpu.json"), "--without", "an other")
    bench = Bench(options, tmp_path)
    monkeypatch.setitem(gpu.PARTS, "contestants", lambda bench, deadline: raise_(gone.value))
    executed: list[list[str]] = []
    restart = partial(gpu.restart, execute=lambda _, arguments: executed.append(arguments))

    assert not gpu.run(bench, ["environment", "contestants", "layers"], restart)

    (command,) = executed
    again = options_of(*command[3:])
    assert again.parts == ["contestants", "layers"]
    assert again.without == ["an other", "bad kernel"]
    assert again.resume == tmp_path
    assert again.smoke
    fresh = Bench(again, tmp_path)
    fresh.report.resume()
    assert fresh.report.get("environment", "device") == "cpu"
    assert fresh.left_of([entry("bad kernel"), entry("good")])[0].name == "good"


def raise_(exc: Exception) -> None:
    raise exc


def options_of(*arguments: str) -> argparse.Namespace:
    return gpu.parser().parse_args(arguments)


def test_a_ratio_is_as_sure_as_its_rounds() -> None:
    source = np.random.default_rng(2)
    calm = source.normal(10.0, 0.1, (20, 50)).tolist()
    twice = (source.normal(5.0, 0.05, (20, 50))).tolist()
    shaken = [[ms * (1.5 if turn % 2 else 1.0) for ms in r] for turn, r in enumerate(twice)]

    sure, unsure = ratio(calm, twice), ratio(calm, shaken)

    assert sure["low"] < 2.0 < sure["high"]
    assert sure["high"] - sure["low"] < 0.02
    assert unsure["high"] - unsure["low"] > 10 * (sure["high"] - sure["low"])


def test_the_file_is_whole_after_every_figure_and_holds_no_nan(tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    report = Report(file, Clock(1.0), lambda text: None)

    report.tell("part", "value", float("nan"))
    assert json.loads(file.read_text()) == {"part": {"value": None}}
    report.put("part", "several", {"a": np.float32(1.5), 2: (torch.float16, None)})

    assert json.loads(file.read_text())["part"]["several"] == {
        "a": 1.5,
        "2": ["torch.float16", None],
    }
    assert [path.name for path in tmp_path.iterdir()] == ["gpu.json"]


def test_targets_say_met_missed_and_not_measured() -> None:
    figures = {
        "contestants": {
            "medians_ms": {"reference as shipped": 20.0, "ours a": 6.0, "ours b": 4.0},
            "rows": [
                {"contestant": "ours a", "PSNR dB": 70.0, "p99": 0.0},
                {"contestant": "ours b", "PSNR dB": 44.0, "p99": 1.0},
                {"contestant": "ours c", "error": "gone"},
            ],
        },
        "end to end": {"rows": [{"batch": 1, "error": "no"}, {"batch": 1, "ms": 3.5}]},
    }

    found = {target.name: str(target) for target in targets(figures)}

    assert found["a frame at 720p, end to end"].endswith("<= 4 ms: 3.5 ms met")
    assert found["later"].endswith("3.5 ms MISSED")
    assert found["as fast as the reference as shipped"].endswith(">= 4 times: 5 times met")
    assert found["worst PSNR of ours"].endswith("44 dB MISSED")
    assert found["as fast as its compiled form"].endswith("not measured")
    part = {"medians_ms": {"ours a, 8 at once": 3.0, "ours a": 2.0, "ours b, 8 at once": 2.5}}
    assert fastest(part, 8) == "ours b, 8 at once"


def test_synthetic_weights_are_written_once(tmp_path: Path, monkeypatch: Any) -> None:
    from tests.golden import checkpoints

    written: list[Path] = []
    monkeypatch.setattr(checkpoints, "write", lambda folder, salt: written.append(folder))
    monkeypatch.setattr(gpu_parts, "_more_contrast", lambda file: None)
    options = options_of("--smoke", "--json", str(tmp_path / "gpu.json"))

    assert Bench(options, tmp_path).weights == tmp_path
    fresh = Bench(options, tmp_path)
    fresh.report.resume()

    assert fresh.weights == tmp_path
    assert written == [tmp_path]
