"""Who takes part in the race of `benchmarks.gpu`: the reference's own networks, and our forms.

All draw the same faces of the same photo with the same weights. The reference's contestants are
given keypoints and leave a float picture; ours are given parameters and leave bytes, so they do a
little more.
"""

import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import reference_modules
from benchmarks.gpu_case import Case, Pictures, levels
from benchmarks.gpu_machine import Machine
from streamer.engines.liveportrait import weights as files
from streamer.engines.liveportrait.fast.forms import Forms
from streamer.engines.liveportrait.fast.recipes import Recipe, recipes_for
from streamer.engines.liveportrait.model import to_host

BATCHES = (1, 8, 4)


@dataclass(frozen=True)
class Contestant:
    """One that draws. ``frame`` draws the ring's faces from a place on, ``batch`` of them.

    ``pictures`` brings what was drawn last to the host, bytes' values, NaN where it is not finite;
    shape (batch, 512, 512, 3). ``poison`` spoils it, so that nothing old is taken for new.
    ``benchmark``: whether cuDNN may time its algorithms while it draws.
    """

    name: str
    batch: int
    frame: Callable[[int], None]
    pictures: Callable[[], Pictures]
    poison: Callable[[], None]
    benchmark: bool = False


@dataclass(frozen=True)
class Entry:
    """A contestant to come: it is made when its turn comes, and may fail then."""

    name: str
    batch: int
    make: Callable[[], Contestant]


# --- the reference's


@dataclass(frozen=True)
class Theirs:
    """The reference's two networks of a frame, on the host, or stand-ins called in the same way."""

    warping: nn.Module
    generator: nn.Module
    compile: Callable[..., Any] = torch.compile

    @classmethod
    def of(cls, checkout: Path, folder: Path) -> "Theirs":
        networks = reference_modules.load(checkout, folder, "cpu")
        return cls(networks[files.WARPING], networks[files.GENERATOR])

    def entries(self, case: Case, machine: Machine) -> list[Entry]:
        """The eager forms: as shipped, and in float16 altogether."""
        shipped_name, half_name = "reference as shipped", "reference .half()"
        return [
            Entry(shipped_name, 1, lambda: self._as_shipped(shipped_name, case, machine)),
            Entry(half_name, 1, lambda: self._half(half_name, case, machine)),
        ]

    def compiled(self, case: Case, machine: Machine) -> Entry:
        """The best form that they offer."""
        name = "reference .half() max-autotune"
        return Entry(name, 1, lambda: self._half(name, case, machine, mode="max-autotune"))

    def _as_shipped(self, name: str, case: Case, machine: Machine) -> Contestant:
        """Float32 weights, cast anew in every frame by a block of autocast, as their wrapper does.

        Their spectral norm is computed in every frame, too.
        """
        warping, generator = self._on(machine)
        device = machine.name.partition(":")[0]
        short = torch.float16 if machine.cuda else torch.bfloat16

        def draw(feature: Tensor, kp: Tensor, x_s: Tensor) -> Tensor:
            with torch.autocast(device, dtype=short):
                out = warping(feature, kp_driving=kp, kp_source=x_s)["out"]
                image: Tensor = generator(feature=out)
            return image

        return _drawn_by(name, draw, case, torch.float32)

    def _half(self, name: str, case: Case, machine: Machine, **how: Any) -> Contestant:
        warping, generator = (network.to(machine.half) for network in self._on(machine))
        if how:
            warping, generator = (self.compile(net, **how) for net in (warping, generator))
        compiled = bool(how) and machine.cuda
        step = torch.compiler.cudagraph_mark_step_begin if compiled else lambda: None

        def draw(feature: Tensor, kp: Tensor, x_s: Tensor) -> Tensor:
            step()
            out = warping(feature, kp_driving=kp, kp_source=x_s)["out"]
            image: Tensor = generator(feature=out)
            return image

        return _drawn_by(name, draw, case, machine.half)

    def _on(self, machine: Machine) -> tuple[Any, Any]:
        return tuple(deepcopy(net).to(machine.name) for net in (self.warping, self.generator))  # type: ignore[return-value]


def _drawn_by(
    name: str,
    draw: Callable[[Tensor, Tensor, Tensor], Tensor],
    case: Case,
    dtype: torch.dtype,
) -> Contestant:
    # Clones: what was made in inference mode cannot enter a graph that is compiled without it.
    feature = case.standing.encoded.feature_3d.clone().to(dtype)
    # Each for itself, so that all of them begin where a compiled graph expects it.
    keypoints = [kp[None].clone().to(dtype) for kp in case.keypoints]
    x_s = case.standing.driver.x_s.clone().to(dtype)
    last: list[Tensor] = []

    def frame(first: int) -> None:
        with torch.no_grad():
            image = draw(feature, keypoints[first], x_s)
        last[:] = [image]

    def pictures() -> Pictures:
        return levels(to_host(last[0]))

    def poison() -> None:
        with torch.no_grad():
            for image in last:
                image.fill_(torch.nan)

    return Contestant(name, 1, frame, pictures, poison, benchmark=True)


# --- ours


class Ours:
    """Our forms, made by the product's own ladder."""

    def __init__(self, case: Case, machine: Machine) -> None:
        self._case, self._machine = case, machine
        self._forms = Forms(
            case.model, machine.device, (), turn=threading.Lock(), stopping=threading.Event()
        )

    def entries(self, batches: tuple[int, ...] = BATCHES) -> list[Entry]:
        """Every form of the ladder, the plainest first: a fault ends the device for the others."""
        found = []
        for batch in batches:
            for recipe in recipes(self._machine):
                if batch == 1 or recipe.tuned or not self._machine.cuda:
                    found.append(self.entry(recipe, batch))
        return [Entry("ours fp32, readable", 1, self._readable), *found]

    def entry(self, recipe: Recipe, batch: int) -> Entry:
        name = f"ours {recipe.name}" + (f", {batch} at once" if batch > 1 else "")
        return Entry(name, batch, lambda: self._made(name, recipe, batch))

    def close(self) -> None:
        self._forms.close()

    def _made(self, name: str, recipe: Recipe, batch: int) -> Contestant:
        # The ladder's own way to make a form; it shares the packed weights between forms.
        painter = self._forms._painter(recipe, self._case.standing)
        easel = painter.prepared(batch)
        table = self._case.rows

        @torch.inference_mode()
        def frame(first: int) -> None:
            easel.parameters.copy_(table[first : first + batch], non_blocking=True)
            easel.paint()

        @torch.inference_mode()
        def pictures() -> Pictures:
            crops = easel.crops.float().cpu().numpy()
            crops[~np.isfinite(easel.lights.cpu().numpy())] = np.nan
            return crops

        @torch.inference_mode()
        def poison() -> None:
            easel.crops.fill_(85)
            easel.lights.fill_(torch.nan)

        return Contestant(name, batch, frame, pictures, poison)

    def _readable(self) -> Contestant:
        """What `--speed safe` draws with; TF32 as torch has it."""
        model, standing = self._case.model.prepared(), self._case.standing
        keypoints, last = self._case.keypoints, list[Tensor]()

        @torch.inference_mode()
        def frame(first: int) -> None:
            kp = keypoints[first : first + 1]
            last[:] = [model.draw(standing.encoded, kp, standing.driver.x_s).image]

        def pictures() -> Pictures:
            return levels(to_host(last[0]))

        @torch.inference_mode()
        def poison() -> None:
            for image in last:
                image.fill_(torch.nan)

        return Contestant("ours fp32, readable", 1, frame, pictures, poison)


def recipes(machine: Machine) -> tuple[Recipe, ...]:
    """The device's ladder; with Triton the same without it, to see what the kernels bring."""
    if not machine.cuda:
        return (Recipe("packed", machine.half),)
    *below, top = recipes_for(machine.name)
    if not top.name.endswith("triton"):
        return (*below, top)
    return (*below, replace(below[-1], name="fp16 graph tuned", tuned=True), top)
