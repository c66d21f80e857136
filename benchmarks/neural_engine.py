"""What the neural engine costs: load, photo, frame; beside the reference's own networks on request.

    python -m benchmarks.neural_engine [--weights FOLDER] [--device cpu] [--threads N]
        [--repetitions 3] [--photo FILE] [--reference CHECKOUT] [--json]

Medians. Without ``--weights`` synthetic ones are written and read: they cost the same. Wall seconds
and, on a CPU, core seconds, which other programs disturb less. The networks are timed in the
form that the goldens prove (`readable`) and in the one that runs (`prepared`), with
``--reference`` also the reference's in the same process on the same inputs. The forms take turns
within every repetition, and a ratio is the median of the repetitions' ratios.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import reference_modules
from streamer.engines.liveportrait import weights as files
from streamer.engines.liveportrait.devices import look
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.weights import load_networks
from streamer.engines.warp.locate import locate
from streamer.parameters import Face
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import View
from tests.golden import checkpoints

SALT = "benchmark"
REFERENCE, READABLE, PREPARED = "reference", "readable", "prepared"


@dataclass(frozen=True)
class Form:
    """One form of the networks, every part called in the same way."""

    appearance: Callable[[Tensor], Tensor]
    motion: Callable[[Tensor], Tensor]  # all heads in one row
    warping: Callable[[Tensor, Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


class Stopwatch:
    """Wall and core seconds by part and form, in the order in which they were taken."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._times: dict[str, dict[str, list[tuple[float, float]]]] = {}

    def time(self, part: str, form: str, work: Callable[[], Any]) -> Any:
        """Run ``work`` to its end on the device and note how long it took."""
        wall, core = time.perf_counter(), _core_seconds()
        answer = work()
        if self._device == "cuda":
            torch.cuda.synchronize()
        spent = time.perf_counter() - wall, _core_seconds() - core
        self._times.setdefault(part, {}).setdefault(form, []).append(spent)
        return answer

    def medians(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return seconds by part and form, and the ratios where the reference ran too."""
        table: dict[str, dict[str, dict[str, float]]] = {}
        for part, forms in self._times.items():
            theirs = forms.get(REFERENCE, [])
            for form, spent in forms.items():
                row = {
                    "seconds": _median([wall for wall, _ in spent]),
                    "core_seconds": _median([core for _, core in spent]),
                }
                if theirs and form != REFERENCE:
                    pairs = list(zip(spent, theirs, strict=True))
                    row["ratio"] = _median([a[0] / b[0] for a, b in pairs])
                    row["core_ratio"] = _median([a[1] / b[1] for a, b in pairs])
                table.setdefault(part, {})[form] = row
        return table


def of_ours(model: Model) -> Form:
    nets = model.networks
    return Form(
        nets.appearance,
        lambda image: torch.cat(list(nets.motion(image)), dim=1),
        lambda feature, x_d, x_s: nets.warping(feature, x_d, x_s).features,
        nets.generator,
    )


def of_theirs(networks: dict[str, torch.nn.Module]) -> Form:
    def motion(image: Tensor) -> Tensor:
        heads = networks[files.MOTION](image)
        names = ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")
        return torch.cat([heads[name] for name in names], dim=1)

    def warping(feature: Tensor, x_d: Tensor, x_s: Tensor) -> Tensor:
        answer: Tensor = networks[files.WARPING](feature, kp_driving=x_d, kp_source=x_s)["out"]
        return answer

    return Form(
        networks[files.APPEARANCE],
        motion,
        warping,
        lambda features: networks[files.GENERATOR](feature=features),
    )


def load_in_turns(
    watch: Stopwatch, repetitions: int, loaders: dict[str, Callable[[], Form]]
) -> dict[str, Form]:
    """Load every form as often as asked, the last ones gone before the next come."""
    forms: dict[str, Form] = {}
    for turn in range(repetitions):
        for name in _turned(list(loaders), turn):
            forms.pop(name, None)
            forms[name] = watch.time("load all weights", name, loaders[name])
    return {name: forms[name] for name in loaders}


@torch.inference_mode()
def run_in_turns(
    watch: Stopwatch,
    repetitions: int,
    forms: dict[str, Form],
    image: Tensor,
    keypoints: tuple[Tensor, Tensor],
) -> dict[str, dict[str, float]]:
    """Time every part of every form; return how far each form's answers are from the first's."""
    first = next(iter(forms.values()))
    feature = first.appearance(image)
    warped = first.warping(feature, *keypoints)
    parts: dict[str, Callable[[Form], Tensor]] = {
        "F, once per photo": lambda form: form.appearance(image),
        "M, once per photo": lambda form: form.motion(image),
        "W, every frame": lambda form: form.warping(feature, *keypoints),
        "G, every frame": lambda form: form.generator(warped),
        "W + G, every frame": lambda form: form.generator(form.warping(feature, *keypoints)),
    }
    apart: dict[str, dict[str, float]] = {}
    for part, run in parts.items():
        answers = {name: run(form) for name, form in forms.items()}  # slower: memory, kernels
        expected = next(iter(answers.values()))
        for name, answer in answers.items():
            apart.setdefault(part, {})[name] = float((answer - expected).abs().max())
        for turn in range(repetitions):
            for name in _turned(list(forms), turn):
                watch.time(part, name, lambda name=name, run=run: run(forms[name]))
    return apart


def run_engine(watch: Stopwatch, repetitions: int, model: Model, photo_file: Path) -> None:
    """Time what the operator meets: a photo opened, a new face drawn into the frame."""
    photo = read_photo(photo_file)
    engine = LivePortraitEngine(model, locate=locate)
    portrait = engine.open(photo)
    for _ in range(repetitions):
        portrait = watch.time("photo opened", PREPARED, lambda: engine.open(photo))
    scene = engine.stage(portrait, View())
    scene.render(scene.rest)
    for face in faces(scene.rest, repetitions):
        watch.time("frame 1280x720", PREPARED, lambda face=face: scene.render(face))


def faces(rest: Face, count: int) -> list[Face]:
    """Faces of which no two are the same."""
    return [
        rest | {"smile": 0.1 + 0.01 * i, "eye_ratio": 0.2, "head_yaw": 4.0} for i in range(count)
    ]


def peak_mb(load: Callable[[Path, str, Path], Form], folder: Path, device: str, of: Path) -> int:
    """Return the largest memory of a process that loads one form and draws one frame."""
    form = load(folder, device, of)
    image, keypoints = inputs(device)
    with torch.inference_mode():
        form.motion(image)
        form.generator(form.warping(form.appearance(image), *keypoints))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def alone(load: Callable[[Path, str, Path], Form], folder: Path, device: str, of: Path) -> int:
    """Return `peak_mb` of a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(peak_mb, load, folder, device, of).result()


def load_readable(folder: Path, device: str, _of: Path) -> Form:
    return of_ours(Model(load_networks(folder, device=device), device))


def load_prepared(folder: Path, device: str, _of: Path) -> Form:
    return of_ours(Model(load_networks(folder, device=device), device).prepared())


def load_reference(folder: Path, device: str, checkout: Path) -> Form:
    return of_theirs(reference_modules.load(checkout, folder, device))


def inputs(device: str) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return a picture (1, 3, 256, 256) and driving and source keypoints (1, 21, 3)."""
    source = torch.Generator().manual_seed(1)
    image = torch.rand(1, 3, 256, 256, generator=source)
    x_s = 1.2 * torch.rand(1, 21, 3, generator=source) - 0.6
    x_d = x_s + 0.03 * torch.randn(1, 21, 3, generator=source)
    return image.to(device), (x_d.to(device), x_s.to(device))


def measure(options: argparse.Namespace, folder: Path, device: str) -> dict[str, Any]:
    """Return all figures."""
    checkout = options.reference
    loads = {REFERENCE: load_reference} if checkout else {}
    loads |= {READABLE: load_readable, PREPARED: load_prepared}
    peaks = {name: alone(load, folder, device, checkout) for name, load in loads.items()}
    watch = Stopwatch(device)
    loaders = {
        name: (lambda load=load: load(folder, device, checkout)) for name, load in loads.items()
    }
    forms = load_in_turns(watch, options.repetitions, loaders)
    apart = run_in_turns(watch, options.repetitions, forms, *inputs(device))
    del forms
    model = Model(load_networks(folder, device=device), device).prepared()
    run_engine(watch, options.repetitions, model, options.photo)
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "medians": watch.medians(),
        "largest_difference": apart,
        "peak_memory_mb": peaks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--photo", type=Path, default=shipped("photo") / "mona-lisa.jpg")
    parser.add_argument("--reference", type=Path, help="a checkout of the reference's repository")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        weights = options.weights
        if weights is None:
            weights = Path(folder)
            checkpoints.write(weights, SALT)
        figures = measure(options, weights, look().pick(options.device))
    print(json.dumps(figures, indent=1) if options.json else table(figures))


def table(figures: dict[str, Any]) -> str:
    """Return the figures as text."""
    about = (f"{name} {figures[name]}" for name in ("device", "threads", "torch"))
    names = ("seconds", "core_seconds", "ratio", "core_ratio")
    heads = (*names, "apart")
    lines = [", ".join(about), f"{'':32}" + "".join(f"{head:>14}" for head in heads)]
    for part, forms in figures["medians"].items():
        for form, row in forms.items():
            cells = [f"{row[name]:14.3f}" if name in row else f"{'':14}" for name in names]
            apart = figures["largest_difference"].get(part, {}).get(form)
            cells.append("" if apart is None else f"{apart:14.1e}")
            lines.append(f"{part:21}{form:11}" + "".join(cells))
    lines += [
        f"{'peak memory alone':21}{form:11}{mb:11} MB"
        for form, mb in figures["peak_memory_mb"].items()
    ]
    return "\n".join(lines)


def _turned(names: list[str], turn: int) -> list[str]:
    """Return the names, each turn starting with another one."""
    start = turn % len(names)
    return names[start:] + names[:start]


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 4)


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
