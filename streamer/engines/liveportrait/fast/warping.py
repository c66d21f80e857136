"""W in its fast form: the photo's features moved to where the keypoints are now.

Only 2-D convolutions and matrix products; volumes are slices in the batch. What depends on the
photo alone is computed once, in `FastWarping.prepare`.
"""

from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.engines.liveportrait.fast.convolutions import (
    Conv,
    DepthConv,
    DepthUpConv,
    SliceTaps,
    filled,
)
from streamer.engines.liveportrait.fast.glue import Glue, Source, padded, wide
from streamer.engines.liveportrait.fast.torch_glue import heat_line
from streamer.engines.liveportrait.networks.fold import merged
from streamer.engines.liveportrait.networks.warping import (
    Hourglass,
    WarpingNetwork,
    coordinate_grid,
)

# The lowest level of the hourglass goes from 2x2 to 4x4 pixels, where phases save nothing and
# their kernel is larger (`DepthUpConv`).
_LEVELS_WITHOUT_PHASES: Final = 1


class FastHourglass(nn.Module):
    """The hourglass on slices. Every level is written where the way up will read it.

    Shapes: a buffer whose last channels hold the features (B * D, width + C, H, W) -> (B * D,
    padded(142), H, W).
    """

    def __init__(self, network: Hourglass, dtype: torch.dtype, glue: Glue) -> None:
        super().__init__()
        downs = _merged(network.encoder.down_blocks)
        ups = _merged(network.decoder.up_blocks)
        self.channels = padded(downs[0][0].shape[1])  # 110 -> 112
        downs[0] = (filled(downs[0][0], len(downs[0][0]), self.channels), downs[0][1])
        self.downs = nn.ModuleList(DepthConv(*each, dtype, glue, pool=True) for each in downs)
        self.ups = nn.ModuleList(
            DepthUpConv(*each, dtype, glue, phases=level >= _LEVELS_WITHOUT_PHASES)
            for level, each in enumerate(ups)
        )
        weight, bias = merged(network.decoder.conv, network.decoder.norm)
        outputs = padded(len(weight))  # 142 -> 144
        self.up_channels = [len(bias) for _, bias in ups]
        weight = filled(weight, outputs, self.up_channels[-1] + self.channels)
        self.last = DepthConv(weight, functional.pad(bias, (0, outputs - len(bias))), dtype, glue)
        # What is beside each of the levels on the way up, the largest first: 112, 64, ..., 512.
        self.skip_channels = [self.channels, *(len(bias) for _, bias in downs[:-1])]

    def joints(self, slices: int, height: int, width: int, like: Tensor) -> list[Tensor]:
        """Return memory for what comes up and what was beside it, the largest first."""
        return [
            torch.empty(
                (slices, up + skip, height >> level, width >> level),
                dtype=like.dtype,
                device=like.device,
                memory_format=torch.channels_last,
            )
            for level, (up, skip) in enumerate(
                zip(self.up_channels[::-1], self.skip_channels, strict=True)
            )
        ]

    def forward(self, features: Tensor, joints: list[Tensor], depth: int) -> Tensor:
        """Look at the features, which are in the first of the joints already."""
        x = features
        for down, below, up in zip(
            self.downs, [*joints[1:], None], [*self.up_channels[-2::-1], 0], strict=True
        ):
            x = down(x, depth, also=None if below is None else below[:, up:])
        for conv, joint, up in zip(self.ups, joints[::-1], self.up_channels, strict=True):
            conv(x, depth, out=joint[:, :up])
            x = joint
        return self.last(x, depth)


class FastWarping(nn.Module):
    """The warping network, packed from the readable one.

    Shapes: source of one photo, kp_driving (B, 21, 3) -> features (B, 256, 64, 64), of ``dtype``.
    Keypoints are float32; float64 if ``dtype`` is, for proofs.
    """

    compress_weight: Tensor
    compress_bias: Tensor
    mask_bias: Tensor
    occlusion_bias: Tensor
    third_bias: Tensor
    fourth_bias: Tensor

    def __init__(self, network: WarpingNetwork, dtype: torch.dtype, glue: Glue) -> None:
        super().__init__()
        dense, dims = network.dense_motion_network, network.dims
        self._dtype, self._glue = dtype, glue
        self.hourglass = FastHourglass(dense.hourglass, dtype, glue)
        weight, bias = merged(dense.compress, dense.norm)
        self._keep("compress_weight", weight.flatten(1))
        self._keep("compress_bias", bias)
        # The mask's taps along the depth are outputs; `Glue.mix` adds them.
        outputs = dims.keypoints + 1
        channels = padded(dense.mask.in_channels)
        weight = filled(dense.mask.weight, outputs, channels)
        taps = weight.permute(2, 0, 1, 3, 4).flatten(0, 1)  # (7 * 22, 144, 7, 7)
        self.mask = Conv(filled(taps, padded(len(taps)), channels), dtype)
        self._keep("mask_bias", dense.mask.bias)
        self._side = dense.occlusion.kernel_size[0]
        self.occlusion = SliceTaps(dense.occlusion.weight, dims.depth, dtype)
        self._keep("occlusion_bias", dense.occlusion.bias)
        weight, bias = merged(network.third.conv, network.third.norm)
        # plane = channel * depth + slice in the readable form; here a voxel's channels are together
        weight = weight.unflatten(1, (dims.channels, dims.depth)).transpose(1, 2).flatten(1, 2)
        self._slope = getattr(network.third.ac, "negative_slope", 0.0)
        self.third = Conv(weight, dtype)
        self._keep("third_bias", bias)
        self.fourth = Conv(network.fourth.weight, dtype)
        self._keep("fourth_bias", network.fourth.bias)

    @classmethod
    def of(cls, network: WarpingNetwork, dtype: torch.dtype, glue: Glue) -> "FastWarping":
        """Pack a network, folded or not, on its device. The network itself stays as it is."""
        with torch.no_grad():
            return cls(network, dtype, glue).eval()

    def _keep(self, name: str, value: Tensor | None) -> None:
        if value is None:
            raise TypeError(f"the warping network has no {name.replace('_', ' ')}")
        self.register_buffer(name, value.detach().to(wide(self._dtype)))

    @torch.no_grad()
    def prepare(self, feature_3d: Tensor, x_s: Tensor) -> Source:
        """Compute what a photo gives. Shapes: (1, 32, 16, 64, 64), (1, 21, 3), both wide."""
        volume = feature_3d[0].permute(1, 2, 3, 0)  # (D, H, W, 32)
        compressed = functional.relu(volume @ self.compress_weight.T + self.compress_bias)
        depth, height, width, _ = volume.shape
        grid = coordinate_grid(depth, height, width, like=x_s)
        x, y, z = grid[0, 0, :, 0], grid[0, :, 0, 1], grid[:, 0, 0, 2]
        heat_x, heat_y, heat_z = (
            heat_line(line, x_s[0, :, axis]) for axis, line in enumerate((x, y, z))
        )
        return Source(
            compressed=compressed.to(self._dtype).contiguous(),
            table=volume.reshape(-1, volume.shape[-1]).to(self._dtype).contiguous(),
            kp=x_s.clone(),
            axis_x=x.contiguous(),
            axis_y=y.contiguous(),
            axis_z=z.contiguous(),
            heat_x=heat_x,
            heat_y=heat_y,
            heat_z=heat_z,
        )

    def forward(self, source: Source, kp_driving: Tensor) -> Tensor:
        """Move the photo's features."""
        glue, (depth, height, width) = self._glue, source.size
        joints = self.hourglass.joints(len(kp_driving) * depth, height, width, source.table)
        beside = joints[0][:, -self.hourglass.channels :]
        x = glue.motion_features(source, kp_driving, also=beside)
        x = self.hourglass(x, joints, depth)
        mixed = glue.mix(self.mask(x), self.mask_bias, source, kp_driving)
        occlusion = glue.occlusion(
            self.occlusion(x), self.occlusion_bias, depth=depth, side=self._side
        )
        y = glue.activate((self.third(mixed),), self.third_bias, self._slope)
        return glue.gate(self.fourth(y), self.fourth_bias, occlusion)


def _merged(blocks: Iterable[Any]) -> list[tuple[Tensor, Tensor]]:
    return [merged(block.conv, block.norm) for block in blocks]
