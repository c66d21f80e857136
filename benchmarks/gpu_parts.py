"""The parts of `benchmarks.gpu`, and what they share."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from benchmarks import gpu_machine, gpu_targets
from benchmarks.gpu_machine import Machine
from benchmarks.gpu_report import Clock, Deadline, Report, line_of
from streamer.engines.liveportrait import weights as files
from streamer.resources import HOME_VARIABLE

SALT = "benchmark"
WRITTEN = "synthetic, written in s"
PACING_START_S = 40.0
LEAST_TO_COMPILE_S = 45.0
TRIAL_BATCHES = (1, 2)

# The synthetic picture deviates by 0.13 as it comes, a photo's by a quarter; errors grow with it.
# Measured with this salt: 0.22 then, one value of a hundred near an end.
CONTRAST = 2.3


class Bench:
    """One run: what all parts share."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.smoke: bool = options.smoke
        self.clock = Clock(options.minutes)
        self.file: Path = options.json or folder / "figures.json"
        self.report = Report(self.file, self.clock)
        self.machine = Machine("cpu" if options.smoke else options.device)
        self.now = "start"
        self.child: subprocess.Popen[str] | None = None
        self.folder = folder
        self.without: list[str] = list(options.without)

    @cached_property
    def weights(self) -> Path:
        """The weights' folder; synthetic ones are written when they are first needed."""
        if self.options.weights is not None:
            return Path(self.options.weights)
        from tests.golden import checkpoints

        if self.report.get("weights", WRITTEN) is not None:  # by the process before this one
            return self.folder
        started = self.clock.s
        checkpoints.write(self.folder, SALT)
        _more_contrast(self.folder / files.GENERATOR)
        self.report.tell("weights", WRITTEN, round(self.clock.s - started, 1))
        return self.folder

    @cached_property
    def case(self) -> Any:
        """The photo and its faces, with the readable networks' pictures."""
        from benchmarks.gpu_case import CHECKED, case_of
        from streamer.engines.liveportrait.model import Model
        from streamer.engines.liveportrait.weights import load_networks

        if self.smoke:
            from benchmarks import gpu_trial

            model = gpu_trial.model(self.machine.name)
        else:
            model = Model(load_networks(self.weights, device=self.machine.name), self.machine.name)
        checked = TRIAL_BATCHES[-1] if self.smoke else CHECKED
        case = case_of(model, self.machine, checked)
        self.report.tell("weights", "pictures", {k: round(v, 3) for k, v in case.about.items()})
        return case

    @property
    def plan(self) -> Any:
        """How long races are."""
        from benchmarks.gpu_race import Plan

        return Plan(2, 1, 2, 1, 0, 1) if self.smoke else Plan(rounds=self.options.rounds)

    @cached_property
    def theirs(self) -> Any:
        """The reference's networks, or None."""
        from benchmarks.gpu_contestants import Theirs

        if self.smoke:
            from benchmarks import gpu_trial

            return gpu_trial.theirs()
        checkout = self.options.reference
        return Theirs.of(checkout, self.weights) if checkout else None

    def left_of(self, entries: list[Any]) -> list[Any]:
        """Return the contestants without those with which the device was lost before."""
        return [entry for entry in entries if entry.name not in self.without]

    def their_entries(self, part: str, of: Callable[[Any], list[Any]]) -> list[Any]:
        """Return contestants of the reference; none where it is missing, which is told."""
        try:
            if self.theirs is not None:
                return of(self.theirs)
            why = "none given, see --reference"
        except (Exception, SystemExit) as exc:  # ours are worth measuring alone
            why = line_of(exc)
        self.report.tell(part, "reference", why)
        return []


def environment(bench: Bench, deadline: Deadline) -> None:
    gpu_machine.run(bench.machine, bench.report, smoke=bench.smoke)


def contestants(bench: Bench, deadline: Deadline) -> None:
    from benchmarks.gpu_contestants import Ours
    from benchmarks.gpu_race import Race

    case, machine, part = bench.case, bench.machine, "contestants"
    race, ours = Race(case, machine, bench.report, part, bench.plan), Ours(case, machine)
    try:
        theirs = bench.their_entries(part, lambda they: they.entries(case, machine))
        mine = ours.entries(TRIAL_BATCHES) if bench.smoke else ours.entries()
        race.enter(bench.left_of([*theirs, *mine]), deadline)
        race.run(deadline, (theirs or mine)[0].name)
    finally:
        ours.close()


def compiled(bench: Bench, deadline: Deadline) -> None:
    from benchmarks.gpu_contestants import Ours, recipes
    from benchmarks.gpu_race import Race

    case, machine, part = bench.case, bench.machine, "compiled"
    if not bench.smoke and deadline.left_s < LEAST_TO_COMPILE_S:
        bench.report.tell(part, "left out", f"{deadline.left_s:.0f} s are left")
        return
    theirs = bench.their_entries(
        part, lambda they: [they.entries(case, machine)[-1], they.compiled(case, machine)]
    )
    if not theirs:
        return
    race, ours = Race(case, machine, bench.report, part, bench.plan), Ours(case, machine)
    try:
        raced = bench.report.figures.get("contestants", {})
        mine = []
        for batch in (1,) if bench.smoke else (1, 8):
            all_of_us = [ours.entry(recipe, batch) for recipe in recipes(machine)]
            best = gpu_targets.fastest(raced, batch)
            mine.append(next((e for e in all_of_us if e.name == best), all_of_us[-1]))
        race.enter(bench.left_of([*mine, *theirs]), deadline)
        race.run(deadline, theirs[-1].name)
    finally:
        ours.close()


def end_to_end(bench: Bench, deadline: Deadline) -> None:
    from benchmarks import gpu_end_to_end

    if bench.smoke:
        from benchmarks import gpu_trial

        gpu_end_to_end.run(
            bench.machine,
            bench.report,
            deadline,
            lambda: gpu_trial.engine(bench.machine),
            ((320, 180),),
            gpu_end_to_end.Counts(0, 2, 1, 1, 1),
        )
        return
    weights = bench.weights  # to write them is no part of the start
    gpu_end_to_end.run(
        bench.machine,
        bench.report,
        deadline,
        lambda: gpu_end_to_end.load(weights, bench.machine),
    )


def pacing(bench: Bench, deadline: Deadline) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu_pacing", "--device", bench.machine.name]
    if bench.smoke:
        command += ["--seconds", "2", "--size", "320x180", "--fps", "5"]
    else:
        seconds = min(bench.options.pacing_seconds, max(3.0, deadline.left_s - PACING_START_S))
        command += ["--seconds", str(seconds), "--weights", str(bench.weights)]
    home = {HOME_VARIABLE: str(bench.folder / "home")}
    with tempfile.TemporaryFile("w+") as errors:
        bench.child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **home}
        )
        try:
            out, _ = bench.child.communicate(timeout=max(5.0, bench.clock.left_s))
        finally:
            bench.child.kill()
        errors.seek(0)
        told = errors.read().strip().splitlines()
    if bench.child.returncode:
        raise RuntimeError(f"it ended with {bench.child.returncode}: {(told or ['nothing'])[-1]}")
    _say_pacing(bench.report, out)


def _say_pacing(report: Report, out: str) -> None:
    found = json.loads(out.splitlines()[-1])
    for phase, figures in found.pop("phases").items():
        report.tell("pacing", phase, figures)
    for key, value in found.items():
        if key in ("first_frame_s", "late", "dropped", "cpu_percent", "rss_mb", "problems"):
            report.tell("pacing", key, value)
        else:
            report.put("pacing", key, value)
    for step in found["climb"]:
        report.say("  " + ", ".join(f"{key} {value}" for key, value in step.items()))


def layers(bench: Bench, deadline: Deadline) -> None:
    from benchmarks import gpu_layers

    gpu_layers.run(bench.machine, bench.report, deadline, smoke=bench.smoke)


def _more_contrast(file: Path) -> None:
    """Enlarge what goes into the generator's last sigmoid."""
    state = torch.load(file, weights_only=True)
    for name in ("conv_img.0.weight", "conv_img.0.bias"):
        state[name] = CONTRAST * state[name]
    torch.save(state, file)


PARTS: dict[str, Callable[[Bench, Deadline], None]] = {
    "environment": environment,
    "contestants": contestants,
    "end-to-end": end_to_end,
    "pacing": pacing,
    "layers": layers,
    "compiled": compiled,
}
