"""What the neural engine's fast path costs on a GPU, and beside the reference's own networks.

    python -m benchmarks.gpu [--minutes 8] [--json FILE] [--reference CHECKOUT] [--weights FOLDER]
        [--parts environment contestants end-to-end pacing layers compiled] [--smoke]

One process, one device, one set of weights: synthetic ones, which cost the same, without
``--weights``. Parts run in the order in which they are named, each within its share of the time:

    environment   what the machine is; what it copies and multiplies at most
    contestants   the reference as shipped and in float16, and every form of ours, at 1, 4 and 8
                  faces a batch: checked against our readable float32 form over spoilt memory, then
                  timed in turns by CUDA events, fresh faces in every frame
    end-to-end    parameters to NV12 in pinned memory through the engine itself, at 720p and 1080p;
                  the start, and the climb to the fastest form
    pacing        60 s of the running stream: alone, beside a busy program, beside a busy thread
    layers        the layers that take the time, as conv3d, folded conv2d and transposed
    compiled      the reference in float16 under torch.compile(mode="max-autotune") against our
                  best. It comes last: compiling takes minutes

A contestant that fails has its error in its row; one that ends the device for the process, as a bad
kernel does, is left out, and the rest goes on in a fresh process. ``--json`` is written after every
row; when the minutes are over, what is still running is cut, and the figures so far are kept.
``--smoke`` runs everything with tiny networks on the CPU in seconds. Its figures mean nothing.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks import gpu_targets
from benchmarks.gpu_machine import DeviceGone, say_clocks
from benchmarks.gpu_parts import PARTS, Bench
from benchmarks.gpu_report import line_of

CUT = 3  # exit code
LEAST_S = 20.0  # for less a new process is not worth it

# What a part may take of 8 minutes, seconds. Compiling gets what is left.
SECONDS = {
    "environment": 25.0,
    "contestants": 130.0,
    "end-to-end": 60.0,
    "pacing": 105.0,
    "layers": 50.0,
    "compiled": 480.0,
}
PACING_S = 60.0


def run(bench: Bench, parts: Sequence[str], again: Callable[..., None]) -> bool:
    """Run the parts; one that fails leaves the others. Returns whether all went through.

    Where a part loses the device, ``again`` is called with the parts that are left, and with the
    contestant that shall not take part any more.
    """
    good = True
    for number, part in enumerate(parts):
        bench.now, report, rest = part, bench.report, list(parts[number + 1 :])
        name = part.replace("-", " ")
        deadline = bench.clock.part(SECONDS[part] * bench.options.minutes / 8.0)
        now, most = f"{bench.clock.s:.0f} s after the start", f"at most {deadline.left_s:.0f} s"
        report.say(f"\n{part}, {now}, {most}")
        if deadline.over:
            report.tell(name, "left out", "no time is left")
            continue
        started = bench.clock.s
        try:
            PARTS[part](bench, deadline)
        except DeviceGone as exc:
            report.tell(name, "failed", line_of(exc))
            again(bench, [part, *rest], exc.culprit)
            return False
        except (Exception, SystemExit) as exc:
            good = False
            report.tell(name, "failed", line_of(exc))
            report.say(traceback.format_exc())
        report.put("seconds", part, bench.clock.s - started)
        if bench.machine.lost():
            report.tell(name, "device", "lost")
            again(bench, rest, "")
            return False
        bench.machine.device.free()
        say_clocks(bench.machine, report, f"after {part}")
    return good


def restart(
    bench: Bench,
    parts: Sequence[str],
    culprit: str,
    execute: Callable[[str, list[str]], object] = os.execv,
) -> None:
    """Go on in a fresh process in the place of this one: a lost device answers no other."""
    if not parts or bench.clock.left_s < LEAST_S:
        return
    options = bench.options
    bench.report.say(f"\nThe device was lost; going on with {', '.join(parts)} in a new process.")
    arguments = ["--parts", *parts, "--minutes", f"{bench.clock.left_s / 60:.3f}"]
    arguments += ["--json", str(bench.file), "--resume", str(bench.folder)]
    arguments += ["--device", options.device, "--rounds", str(options.rounds)]
    arguments += ["--pacing-seconds", str(options.pacing_seconds)]
    for flag, value in (("--reference", options.reference), ("--weights", options.weights)):
        arguments += [flag, str(value)] if value else []
    without = [*bench.without, *([culprit] if culprit else [])]
    arguments += ["--without", *without] if without else []
    arguments += ["--smoke"] if bench.smoke else []
    sys.stdout.flush()
    execute(sys.executable, [sys.executable, "-m", "benchmarks.gpu", *arguments])


def conclude(bench: Bench) -> None:
    """Print the targets beside the figures."""
    bench.report.put("run", "seconds", bench.clock.s)
    found = gpu_targets.lines(bench.report.figures)
    bench.report.put("run", "targets", [line.strip() for line in found[:-1]])
    name = bench.report.get("environment", "device") or bench.machine.name
    note = " (a trial: the figures mean nothing)" if bench.smoke else ""
    bench.report.say(f"\nTargets, of an H200; this is: {name}{note}")
    for line in found:
        bench.report.say(line)


leave = os._exit  # a thread that compiles cannot be asked to end


def cut(bench: Bench) -> None:
    """End here, whatever is under way: the figures so far are what was asked for."""
    bench.report.say(f"\nCut after {bench.options.minutes:g} minutes in the part '{bench.now}'.")
    bench.report.put("run", "cut in", bench.now)
    if bench.child is not None:
        bench.child.kill()
    conclude(bench)
    sys.stdout.flush()
    shutil.rmtree(bench.folder, ignore_errors=True)
    leave(CUT)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("--minutes", type=float, default=8.0)
    add("--json", type=Path, metavar="FILE")
    add("--reference", type=Path, help="a checkout of the reference's repository")
    add("--weights", type=Path, metavar="FOLDER")
    add("--device", default="cuda")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    add("--rounds", type=int, default=20)
    add("--pacing-seconds", type=float, default=PACING_S)
    add("--without", nargs="*", default=[], help="contestants to leave out")
    add("--resume", type=Path, help=argparse.SUPPRESS)
    add("--smoke", action="store_true", help="a trial: tiny networks on the CPU")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if not options.smoke and not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no CUDA device here. A trial without one: --smoke")
    folder = options.resume or Path(tempfile.mkdtemp(prefix="living-portrait-"))
    try:
        bench = Bench(options, folder)
        if options.resume is not None:
            bench.report.resume()
        watchdog = threading.Timer(60.0 * options.minutes, cut, [bench])
        watchdog.daemon = True
        watchdog.start()
        try:
            good = run(bench, options.parts, restart)
        finally:
            watchdog.cancel()
        conclude(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
