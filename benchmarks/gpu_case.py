"""What the contestants of `benchmarks.gpu` draw: one photo, a ring of faces, the right pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.gpu_machine import Machine
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.driving import rows
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.model import Model, to_host
from streamer.engines.liveportrait.paste_back import pixels
from streamer.engines.liveportrait.precision import true_float32
from streamer.engines.warp.locate import locate
from streamer.parameters import PARAMETERS, Face
from streamer.photo import read_photo
from streamer.resources import shipped

RING = 64  # faces; the larger the less of a frame can be left over from the last
CHECKED = 8  # of them are held against the readable form; every batch size divides it

Pictures = NDArray[np.float32]
"""The bytes' values, NaN where nothing can be shown. Shape: (N, 512, 512, 3)."""


@dataclass(frozen=True)
class Case:
    """What is drawn: a photo, its ring of faces, and the first of them by the readable form.

    Shapes: rows (RING, 17), keypoints (RING, 21, 3), on the device; expected (N, 512, 512, 3), the
    bytes' values.
    """

    model: Model
    standing: Standing
    rows: Tensor
    keypoints: Tensor
    expected: Pictures

    @property
    def about(self) -> dict[str, float]:
        """Weights that saturate the picture would make every form look right."""
        ends = (self.expected < 3) | (self.expected > 252)
        return {
            "deviation": float(self.expected.std() / 255),
            "mean": float(self.expected.mean() / 255),
            "at an end": float(ends.mean()),
            "faces differ by": float(np.abs(self.expected[0] - self.expected[-1]).mean() / 255),
        }


@torch.inference_mode()
def case_of(model: Model, machine: Machine, checked: int = CHECKED) -> Case:
    """Encode the photo and draw the checked faces with the readable networks, in true float32."""
    engine = LivePortraitEngine(model, locate=locate, speed="safe")
    standing = engine.open(read_photo(shipped("photo") / "mona-lisa.jpg")).standing
    faces = ring(standing.rest)
    keypoints = torch.cat([standing.driver.x_d(face) for face in faces])
    with true_float32():
        crops = [
            pixels(to_host(model.draw(standing.encoded, kp[None], standing.driver.x_s).image))
            for kp in keypoints[:checked]
        ]
    return Case(
        model,
        standing,
        torch.from_numpy(rows(faces)).to(machine.name),
        keypoints,
        np.stack(crops).astype(np.float32),
    )


def ring(rest: Face, count: int = RING) -> list[Face]:
    """Return faces all over the parameters' ranges, of which no two are the same."""
    source = np.random.default_rng(5)
    faces = []
    for _ in range(count):
        face = dict(rest)
        for name, parameter in PARAMETERS.items():
            end = parameter.high if source.random() < 0.5 else parameter.low
            face[name] += 0.6 * source.random() * (end - face[name])
        faces.append(face)
    return faces


def levels(images: NDArray[np.float32]) -> Pictures:
    """Return pictures in 0..1 as the values of their bytes; what is not finite stays so."""
    upright = images.transpose(0, 2, 3, 1)
    return np.where(np.isfinite(upright), np.floor(np.clip(upright, 0, 1) * 255), np.nan)
