"""The ladder of forms: each portrait begins with the plain one and climbs behind the picture.

A form is made, proven on the portrait itself, and only then offered; the first one refused ends
the climb. A form that fails on air is left for the next plainer one, for good.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streamer.engines.liveportrait.failures import told
from streamer.engines.liveportrait.fast.driving import Driving, rows
from streamer.engines.liveportrait.fast.generator import FastGenerator
from streamer.engines.liveportrait.fast.glue import Glue
from streamer.engines.liveportrait.fast.graphs import Device
from streamer.engines.liveportrait.fast.painter import Easel, Packed, PackedPainter, Painter
from streamer.engines.liveportrait.fast.proof import Proof, prove, trial_faces
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.model import Model, to_host
from streamer.engines.liveportrait.paste_back import pixels
from streamer.engines.liveportrait.precision import true_float32
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame

log = logging.getLogger(__name__)

PLAIN: Final = "fp32"
"""The readable form, which every ladder stands on."""

# What a batch of so many takes at most beside a single frame; a batch is made ready only where the
# device has four times as much to spare: others want memory, too, and batches save a tenth of the
# time. Source: counted for fp16, not measured.
_NEEDED_MB: Final = {2: 400.0, 4: 1000.0, 8: 2200.0}
_SPARE: Final = 4.0

_POISON: Final = 85  # no picture is this grey all over; what is left of it was not painted

_Network = TypeVar("_Network", bound=nn.Module)
Numbers = NDArray[np.float32]


class Forms:
    """The forms of one engine's networks, and how portraits climb through them.

    ``turn`` is held where two threads must not use the device at once; ``stopping`` says that
    nobody needs the result any more.
    """

    def __init__(
        self,
        model: Model,
        device: Device,
        recipes: Sequence[Recipe],
        *,
        turn: threading.Lock,
        stopping: threading.Event,
    ) -> None:
        self.device: Final = device
        self.turn: Final = turn
        self.refused: Mapping[str, str] = {}
        self.proofs: Mapping[str, str] = {}
        self._model = model
        self._recipes = tuple(recipes)
        self._stopping = stopping
        self._packed: dict[torch.dtype, Packed] = {}

    @property
    def proven(self) -> bool:
        """Whether a faster form has been proven for any portrait so far."""
        return bool(self.proofs)

    def climb(self, standing: Standing, risen: Callable[[], None]) -> None:
        """Take a portrait up as far as it goes; ``risen`` is called after every step.

        Meant for a thread of its own. Nothing that fails here harms the picture on air.
        """
        try:
            self._climb(standing, risen)
        except Exception as exc:  # a ladder that breaks is told, the plain form goes on
            log.debug("the climb ended", exc_info=True)
            recipe = self._next(standing)
            self.refuse(Proof(recipe.name if recipe else PLAIN, np.nan, np.nan, _line(exc)))
        finally:
            standing.risen.set()
            self.device.free()

    def refuse(self, proof: Proof) -> None:
        """Take a form off the ladder, for all portraits."""
        log.warning("A faster form of the networks is not used: %s", proof)
        self.refused = {**self.refused, proof.form: proof.reason}

    def failed(self, standing: Standing, painter: Painter, why: str) -> None:
        """Step down from a form that failed on air."""
        if standing.fall(painter):
            self.refuse(Proof(painter.form, np.nan, np.nan, f"it failed on air: {why}"))

    def close(self) -> None:
        """Let go of the packed networks, when nothing is under way any more."""
        self.device.settle()
        self._packed.clear()
        self.device.free()

    # --- climbing

    def _next(self, standing: Standing) -> Recipe | None:
        """Return the next form up; None at the top, and below one that was refused."""
        names = [recipe.name for recipe in self._recipes]
        current = standing.current
        at = names.index(current.form) + 1 if current is not None else 0
        if at == len(names) or any(name in self.refused for name in names[: at + 1]):
            return None
        return self._recipes[at]

    def _climb(self, standing: Standing, risen: Callable[[], None]) -> None:
        if self._next(standing) is None:
            return
        expected = self._expected(standing)
        while (recipe := self._next(standing)) is not None and not self._stopping.is_set():
            with told(self.device.name):
                painter = self._painter(recipe, standing)
            if not self._offered(painter, 1, standing, expected):
                return
            standing.rise(painter)
            risen()
            standing.risen.set()
        top = standing.current
        if top is None or not any(r.recorded for r in self._recipes if r.name == top.form):
            return
        self._model.rest_on_host("warping", "generator")
        for batch, needed in _NEEDED_MB.items():
            if self._stopping.is_set() or self.device.spare_mb() < _SPARE * needed:
                return
            if standing.current is not top or not self._offered(top, batch, standing, expected):
                return
            risen()

    def _painter(self, recipe: Recipe, standing: Standing) -> Painter:
        if recipe.painter is not None:
            return recipe.painter(recipe.name, standing, self.device)
        with self.piece(), torch.inference_mode():
            packed = self._packed_for(recipe)
            source = packed.warping.prepare(standing.encoded.feature_3d, standing.driver.x_s)
            driving = Driving(standing.driver)
            self.device.settle()  # all that was made beside the queue that will read it
        return PackedPainter(
            packed, driving, source, self.device, recorded=recipe.recorded, tuned=recipe.tuned
        )

    def _packed_for(self, recipe: Recipe) -> Packed:
        """Pack the networks; forms of one type share the weights and differ in their glue."""
        first, glue = self._packed.get(recipe.dtype), recipe.glue()
        if first is None:
            warping, generator = self._model.awake("warping"), self._model.awake("generator")
            first = Packed(
                recipe.name,
                FastWarping.of(warping, recipe.dtype, glue),
                FastGenerator.of(generator, recipe.dtype, glue),
                glue,
                recipe.finish(),
            )
            self._packed[recipe.dtype] = first
            return first
        return Packed(
            recipe.name,
            _with_glue(first.warping, first.glue, glue),
            _with_glue(first.generator, first.glue, glue),
            glue,
            recipe.finish(),
        )

    # --- proving

    def _expected(self, standing: Standing) -> dict[str, Frame]:
        """Draw the faces of the trial with the readable networks, in true float32."""
        model, crops = self._model, {}
        for name, face in trial_faces(standing.rest).items():
            with model.turn, told(self.device.name), true_float32(), torch.inference_mode():
                x_d = standing.driver.x_d(face)
                drawn = model.draw(standing.encoded, x_d, standing.driver.x_s)
                image = to_host(drawn.image)
            if not np.isfinite(image).all():
                raise EngineError(f"the plain form's own picture ({name}) is not finite")
            crops[name] = pixels(image)
        return crops

    def _offered(
        self, painter: Painter, batch: int, standing: Standing, expected: Mapping[str, Frame]
    ) -> bool:
        """Make a batch size ready, prove it, and offer it if it is right."""
        form = painter.form if batch == 1 else f"{painter.form}, {batch} at once"
        try:
            with self.piece(), told(self.device.name):
                easel = painter.prepared(batch)
            drawn = self._drawn(easel, batch, standing)
        except EngineError as exc:
            self.refuse(Proof(form, np.nan, np.nan, _line(exc)))
            return False
        right = {key: expected[key.partition(",")[0]] for key in drawn}
        proof = prove(form, right, drawn)
        if not proof.passed:
            self.refuse(proof)
            return False
        self.proofs = {**self.proofs, form: f"{proof.psnr_db:.1f} dB, {proof.away:.0f} levels"}
        painter.offer(batch, easel)
        log.debug("proven: %s", proof)
        return True

    def _drawn(self, easel: Easel, batch: int, standing: Standing) -> dict[str, Numbers | Frame]:
        """Paint the faces of the trial; every place of a batch gets one, large batches several."""
        faces = list(trial_faces(standing.rest).items())
        # Large batches hold the faces twice, the second time in another order.
        order = [*faces, *faces[::-1]] if batch > len(faces) else faces
        found: dict[str, Numbers | Frame] = {}
        for first in range(0, len(order), batch):
            some = order[first : first + batch]
            with self.piece(), told(self.device.name):
                crops, lights = self._painted(easel, [face for _, face in some])
            for place, (name, _) in enumerate(some):
                crop = crops[place]
                finite = bool(np.isfinite(lights[place]))
                found[f"{name}, place {first + place}"] = (
                    crop if finite else np.full(crop.shape, np.nan, np.float32)
                )
        return found

    @torch.inference_mode()
    def _painted(self, easel: Easel, faces: Sequence[Face]) -> tuple[Frame, Numbers]:
        easel.parameters.copy_(torch.from_numpy(rows(faces)))
        easel.crops.fill_(_POISON)
        self.device.settle()  # both were written beside the queue
        self.device.compute.run(easel.paint)
        self.device.compute.mark().wait()
        return easel.crops.cpu().numpy().copy(), easel.lights.cpu().numpy().copy()

    def piece(self) -> AbstractContextManager[object]:
        """Hold the device for a short piece of work, where only one thread may use it."""
        return self.turn if self.device.exclusive else nullcontext()


def _with_glue(network: _Network, glue: Glue, other: Glue) -> _Network:
    """Return the same network with another glue; the tensors are shared."""
    tensors = [*network.parameters(), *network.buffers()]
    return deepcopy(network, {**{id(t): t for t in tensors}, id(glue): other})


def _line(exc: Exception) -> str:
    text = str(exc) if isinstance(exc, EngineError) else f"{type(exc).__name__}: {exc}"
    return (text.strip().splitlines() or ["unknown"])[0].rstrip(".")[:300]
