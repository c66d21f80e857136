"""Face -> driving keypoints, in the reference's order, for one photo."""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from streamer.engines.liveportrait.expression import offsets
from streamer.engines.liveportrait.keypoints import Motion, place_driving, place_source, rotation
from streamer.engines.liveportrait.retargeting import (
    BLEND_RATIO,
    Ratios,
    blend,
    eye_delta,
    lip_delta,
    stitch,
)
from streamer.parameters import PARAMETERS, Face

_EYE: Final = PARAMETERS["eye_ratio"]
_LIP: Final = PARAMETERS["lip_ratio"]


class Steps(NamedTuple):
    """What `Driver.steps` goes through; ``eyes`` and ``lips`` are None where the net is off.

    Shapes: turn (1, 3, 3); the others (1, 21, 3).
    """

    turn: Tensor
    exp: Tensor
    eyes: Tensor | None
    lips: Tensor | None
    before_stitching: Tensor
    x_d: Tensor


@dataclass(frozen=True)
class Driver:
    """One photo's keypoints and the nets that correct them.

    ``blend_ratio`` 0 switches the retargeting nets as the reference does, with its jump.
    """

    motion: Motion
    x_s: Tensor
    ratios: Ratios
    stitching: nn.Module
    eye: nn.Module
    lip: nn.Module
    stitched: bool = True
    blend_ratio: float = BLEND_RATIO

    @classmethod
    def of(
        cls, motion: Motion, ratios: Ratios, stitching: nn.Module, eye: nn.Module, lip: nn.Module
    ) -> "Driver":
        """Place the photo's own keypoints once."""
        return cls(motion, place_source(motion), ratios, stitching, eye, lip)

    def unstitched(self) -> "Driver":
        """Return the same without stitching: for large motion, with no paste-back."""
        return replace(self, stitched=False)

    def switched(self) -> "Driver":
        """Return the same with the reference's hard switch of lids and lips."""
        return replace(self, blend_ratio=0.0)

    def x_d(self, face: Face) -> Tensor:
        """Return the keypoints that draw this face. Shape: (1, 21, 3)."""
        return self.steps(face).x_d

    def steps(self, face: Face) -> Steps:
        """Go from the face to the keypoints, keeping what lies between."""
        motion = self.motion
        turn = rotation(
            motion.pitch_deg + face["head_pitch"],
            motion.yaw_deg + face["head_yaw"],
            motion.roll_deg + face["head_roll"],
        )
        exp = motion.exp + torch.from_numpy(offsets(face)).to(motion.exp)
        x_d = place_driving(motion, turn, exp, face["scale"])
        # The corrections come after scale, turn and shift and do not turn with the head.
        eyes, lips = self._eyes(face["eye_ratio"]), self._lips(face["lip_ratio"])
        for delta in (eyes, lips):
            if delta is not None:
                x_d = x_d + delta
        stitched = stitch(self.stitching, self.x_s, x_d) if self.stitched else x_d
        return Steps(turn, exp, eyes, lips, x_d, stitched)

    def _eyes(self, target: float) -> Tensor | None:
        own = self.ratios.eye
        share = blend(target, own, _EYE.low, _EYE.high, self.blend_ratio)
        if share == 0.0:
            return None
        return share * eye_delta(self.eye, self.x_s, self.ratios.eyes, target)

    def _lips(self, target: float) -> Tensor | None:
        own = self.ratios.lip
        share = blend(target, own, _LIP.low, _LIP.high, self.blend_ratio)
        if share == 0.0:
            return None
        return share * lip_delta(self.lip, self.x_s, self.ratios.mouth, target)
