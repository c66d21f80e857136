"""Every kernel beside its twin in torch, in Triton's interpreter, which needs no card, or on one.

Run as a program (`test_triton` does) with a device, cpu or cuda, and perhaps names of cases:
whether triton interprets or compiles is settled when the kernels are imported, for a whole process.
Prints a JSON line per case: how far each answer is from its twin, in units of what is allowed.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator

DEVICE = sys.argv[1] if __name__ == "__main__" else "cpu"
if __name__ == "__main__" and DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"

import numpy as np
import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.bare import Bare
from streamer.engines.liveportrait.fast.colour import native
from streamer.engines.liveportrait.fast.compose import Box, Compose, Lines, Shrink, frames_of
from streamer.engines.liveportrait.fast.finish import plain_finish
from streamer.engines.liveportrait.fast.generator import FastGenerator
from streamer.engines.liveportrait.fast.glue import MASK_TAPS, Normed, Source, Spread, padded
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue, heat_line
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.networks.generator import Generator, GeneratorDims
from streamer.engines.liveportrait.networks.warping import WarpingDims, WarpingNetwork
from streamer.engines.liveportrait.paste_back import PasteBack
from streamer.view import View
from tests.streamer.engines.liveportrait.fast import packing

BATCHES = (1, 3)
DTYPES = (torch.float32, torch.float16)

Case = Callable[[], Iterator[tuple[str, float]]]
CASES: dict[str, Case] = {}


def case(check: Case) -> Case:
    CASES[check.__name__] = check
    return check


def noise(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=source).to(DEVICE, dtype)


def a_map(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return noise(*shape, dtype=dtype, seed=seed).contiguous(memory_format=torch.channels_last)


def a_slice(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """A map that is some channels of a larger one, not its first ones."""
    batch, channels, height, width = shape
    return a_map(batch, channels + 5, height, width, dtype=dtype, seed=seed)[:, 3 : 3 + channels]


def off(kernel: Tensor, twin: Tensor) -> float:
    """Say how far two answers are from each other: 1 is as far as they may be.

    Sums are made in another order, and rounded once: to 10 bits in half precision.
    """
    assert kernel.shape == twin.shape, f"{kernel.shape} is not {twin.shape}"
    assert kernel.dtype == twin.dtype, f"{kernel.dtype} is not {twin.dtype}"
    share = 1.5e-3 if kernel.dtype == torch.float16 else 2e-5
    away = (kernel.double() - twin.double()).abs()
    if not torch.isfinite(away).all():
        return float("inf")
    return float((away / (share * (twin.double().abs() + 1.0))).max())


def a_source(dtype: torch.dtype, channels: int = 4) -> Source:
    """A photo of an odd size: 2 slices of 3 x 5, 4 keypoints, 12 features."""
    depth, height, width, keypoints = 2, 3, 5, 4
    axes = [torch.linspace(-1.0, 1.0, n, device=DEVICE) for n in (width, height, depth)]
    kp = 0.6 * noise(1, keypoints, 3, seed=4)
    lines = [heat_line(axis, kp[0, :, i]) for i, axis in enumerate(axes)]
    return Source(
        noise(depth, height, width, channels, dtype=dtype, seed=5),
        noise(depth * height * width, 12, dtype=dtype, seed=6),
        kp,
        *axes,
        *lines,
    )


def driving(batch: int) -> Tensor:
    """Keypoints far enough from the source's that voxels outside are looked at."""
    return 0.6 * noise(1, 4, 3, seed=4) + 0.4 * noise(batch, 4, 3, seed=7)


@case
def the_features_of_all_motions() -> Iterator[tuple[str, float]]:
    for dtype, batch in zip(DTYPES, BATCHES, strict=True):
        source, kp = a_source(dtype), driving(batch)
        beside, twins = (a_slice(2 * batch, 32, 3, 5, dtype=dtype) for _ in range(2))
        out = GLUE.motion_features(source, kp, also=beside)
        yield f"{dtype} {batch}", off(out, TWIN.motion_features(source, kp, also=twins))
        yield f"{dtype} {batch} also", off(beside, twins)
    source = a_source(torch.float32, channels=1)
    yield (
        "one channel",
        off(GLUE.motion_features(source, driving(1)), TWIN.motion_features(source, driving(1))),
    )


@case
def taps_added_along_the_depth() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch, taps, channels, pool in ((1, 3, 40, True), (3, 7, 6, False), (1, 3, 5, False)):
            parts = a_map(4 * batch, taps * channels, 6, 10, dtype=dtype)
            bias = noise(channels)
            size = (3, 5) if pool else (6, 10)
            outs = [a_slice(4 * batch, channels, *size, dtype=dtype) for _ in range(4)]
            kinds = {"depth": 4, "taps": taps, "pool": pool}
            out = GLUE.shift_add(parts, bias, **kinds, out=outs[0], also=outs[1])
            TWIN.shift_add(parts, bias, **kinds, out=outs[2], also=outs[3])
            yield f"{dtype} {batch} {taps} {pool}", off(outs[0], outs[2])
            yield f"{dtype} {batch} {taps} {pool} also", off(outs[1], outs[3])
            yield "the slice itself", float(out.data_ptr() != outs[0].data_ptr())
    parts, bias = a_map(4, 3 * 8, 2, 2), noise(8)
    yield (
        "new memory",
        off(
            GLUE.shift_add(parts, bias, depth=4, taps=3),
            TWIN.shift_add(parts, bias, depth=4, taps=3),
        ),
    )


@case
def phases_of_a_repeated_map() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            parts = a_map(2 * batch, 3 * 4 * 9, 4, 5, dtype=dtype)
            bias = noise(9)
            out, twin = (a_slice(2 * batch, 9, 6, 8, dtype=dtype) for _ in range(2))
            GLUE.shift_add_phases(parts, bias, depth=2, taps=3, out=out)
            TWIN.shift_add_phases(parts, bias, depth=2, taps=3, out=twin)
            yield f"{dtype} {batch}", off(out, twin)


@case
def the_mixed_motion_and_what_it_samples() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            source = a_source(dtype)
            parts = a_map(2 * batch, padded(MASK_TAPS * 5), 3, 5, dtype=dtype)
            bias = noise(5)
            out = GLUE.mix(parts, bias, source, driving(batch))
            yield f"{dtype} {batch}", off(out, TWIN.mix(parts, bias, source, driving(batch)))


@case
def the_occlusion() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            parts = a_map(3 * batch, padded(49), 5, 7, dtype=dtype)
            out = GLUE.occlusion(parts, noise(1), depth=3, side=7)
            twin = TWIN.occlusion(parts, noise(1), depth=3, side=7)
            yield f"{dtype} {batch}", off(out, twin)


@case
def sums_with_an_activation() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            terms = [a_slice(batch, 37, 3, 5, dtype=dtype, seed=seed) for seed in range(3)]
            for count in (1, 2, 3):
                out = GLUE.activate(terms[:count], noise(37), 0.2)
                twin = TWIN.activate(terms[:count], noise(37), 0.2)
                yield f"{dtype} {batch} {count}", off(out, twin)
    odd = noise(2, 6, 3, 5)  # planes, not pixels: read all the same
    yield (
        "another layout",
        off(GLUE.activate([odd], noise(6), 0.0), TWIN.activate([odd], noise(6), 0.0)),
    )


@case
def the_gate() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            x, bias = a_map(batch, 37, 3, 5, dtype=dtype), noise(37)
            occlusion = torch.sigmoid(noise(batch, 1, 3, 5))
            yield (
                f"{dtype} {batch}",
                off(GLUE.gate(x, bias, occlusion), TWIN.gate(x, bias, occlusion)),
            )


@case
def shared_maps() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            x, bias = a_slice(batch, 3 * 10, 4, 5, dtype=dtype), noise(3 * 10)
            out = GLUE.shared(x, bias, groups=3)
            yield f"{dtype} {batch}", off(out, TWIN.shared(x, bias, groups=3))
            corners = a_map(batch, 4 * 30, 4, 5, dtype=dtype)
            ends = Spread(corners)
            whole = Spread(
                corners,
                a_map(batch, 2 * 30, 4, 4, dtype=dtype),
                a_map(batch, 2 * 30, 3, 5, dtype=dtype),
                a_map(batch, 30, 3, 4, dtype=dtype),
            )
            for spread, scale in ((ends, 2), (whole, 3), (whole, 4)):
                out = GLUE.shared(spread, bias, groups=3, scale=scale)
                twin = TWIN.shared(spread, bias, groups=3, scale=scale)
                yield f"{dtype} {batch} {scale}", off(out, twin)


@case
def statistics_of_sums() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch, height, width in ((1, 3, 5), (3, 20, 21)):
            terms = [a_slice(batch, 37, height, width, dtype=dtype, seed=s) for s in range(3)]
            for count in (1, 2, 3):
                out = GLUE.statistics(terms[:count], 1e-5)
                twin = TWIN.statistics(terms[:count], 1e-5)
                for name, one, other in zip(out._fields, out, twin, strict=True):
                    yield f"{dtype} {batch} {count} {name}", off(one, other)
    far = a_map(1, 4, 30, 30) * 0.1 + 1000.0  # the mean's square would drown the variance
    expected = TWIN.statistics([far.double()], 1e-5).rstd.float()
    yield "far from zero", off(GLUE.statistics([far], 1e-5).rstd, expected) / 10
    alone = a_map(1, 4, 3, 3)
    yield "a single term is handed on", float(GLUE.statistics([alone], 1e-5).x is not alone)


@case
def modulated_norms() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            for scale in (1, 2):
                x = a_slice(batch, 37, 3, 5, dtype=dtype)
                normed = Normed(x, noise(batch, 37), noise(batch, 37).abs())
                both = a_map(batch, 2 * 37, 3 * scale, 5 * scale, dtype=dtype, seed=3)
                gain, offset = both[:, :37], both[:, 37:]
                biases = noise(37, seed=8), noise(37, seed=9)
                for slope, shift in ((0.2, True), (None, False)):
                    given = (gain, biases[0], *((offset, biases[1]) if shift else (None, None)))
                    out = GLUE.modulate(normed, *given, slope=slope, scale=scale)
                    twin = TWIN.modulate(normed, *given, slope=slope, scale=scale)
                    yield f"{dtype} {batch} {scale} {slope}", off(out, twin)


@case
def the_picture_as_bytes() -> Iterator[tuple[str, float]]:
    for dtype in DTYPES:
        for batch in BATCHES:
            x = a_slice(batch, 12, 5, 7, dtype=dtype) * 8
            out, twin = GLUE.picture(x), TWIN.picture(x)
            # A value within a step of float32 of a whole number may be truncated to either side.
            away = (out.int() - twin.int()).abs()
            yield f"{dtype} {batch}", float(away.max())
            yield f"{dtype} {batch} mostly", float((away > 0).float().mean() / 0.02)


@case
def what_is_not_finite_stays_so() -> Iterator[tuple[str, float]]:
    def hidden(x: Tensor) -> float:
        return float(bool(torch.isfinite(x).all()))

    broken = a_map(3, 3 * 8, 4, 4)
    broken[1, 2, 3, 3] = torch.nan
    yield "shift_add", hidden(GLUE.shift_add(broken, noise(8), depth=3, taps=3))
    yield "pooled", hidden(GLUE.shift_add(broken, noise(8), depth=3, taps=3, pool=True))
    yield "activate", hidden(GLUE.activate([broken], noise(24), 0.2))
    yield "shared", hidden(GLUE.shared(broken, noise(24), groups=3))
    yield "statistics", hidden(GLUE.statistics([broken], 1e-5).mean)
    source, kp = a_source(torch.float32), driving(1)
    kp[0, 2, 1] = torch.nan
    yield "features", hidden(GLUE.motion_features(source, kp))
    parts = a_map(2, padded(MASK_TAPS * 5), 3, 5)
    yield "mix", hidden(GLUE.mix(parts, noise(5), source, kp))
    parts[0, 5 * (MASK_TAPS // 2) + 1, 2, 3] = torch.inf  # of a slice's own tap
    yield "mix of its parts", hidden(GLUE.mix(parts, noise(5), source, driving(1)))


@case
def a_whole_crop_of_small_networks() -> Iterator[tuple[str, float]]:
    sizes = WarpingDims(
        keypoints=2, channels=2, depth=3, compress=1, levels=2, width=4, max_width=8, out=8
    )
    motion = packing.seeded(WarpingNetwork(sizes)).to(DEVICE)
    sizes_of_g = GeneratorDims(8, middle=8, blocks=1, up=8, out=4, hidden=4)
    picture = packing.seeded(Generator(sizes_of_g)).to(DEVICE)
    x_d, x_s = (points.float().to(DEVICE) for points in packing.keypoints(1, count=2))
    answers = []
    for glue in (GLUE, TWIN):
        warping = FastWarping.of(motion, torch.float32, glue)
        generator = FastGenerator.of(picture, torch.float32, glue)
        features = warping(warping.prepare(noise(1, 2, 3, 4, 4), x_s), x_d)
        image = generator(features)
        answers.append((features, image, glue.picture(image)))
    (features, image, crop), (other_features, other_image, other_crop) = answers
    yield "features", off(features, other_features) / 5  # of sums of sums
    yield "image", off(image, other_image) / 5
    yield "crop", float((crop.int() - other_crop.int()).abs().max())


def composed(view: View, zoom: float) -> Compose:
    """A crop in a picture of noise, turned a little, ``zoom`` times its size."""
    cos, sin = zoom * np.cos(0.2), zoom * np.sin(0.2)
    middle = view.width / 2 - 256 * (cos - sin), view.height / 2 - 256 * (cos + sin)
    out_from_crop = np.array([[cos, -sin, middle[0]], [sin, cos, middle[1]], [0, 0, 1]], np.float32)
    share = np.full((view.height, view.width), 255, np.uint8)
    share[:, -view.width // 4 :] = 100
    picture = levels(view.height, view.width, 3).cpu().numpy()
    paste = PasteBack.into(picture, out_from_crop, share)
    return Compose.of(paste, mirror=view.mirror, device=DEVICE)


def small_and_turned() -> Compose:
    """A crop of 24 px, shrunk to 10, in a box of 20 x 12 that is larger than it."""
    box, rows, columns = Box(4, 2, 20, 12), torch.arange(12), torch.arange(20)
    lines = (500 * rows - 2048, 900 * rows - 1024, 800 * columns, -400 * columns)
    background = levels(16, 32, 3)
    cover = torch.rand(12, 20, device=DEVICE)
    rest = (1 - cover[..., None]) * background[2:14, 4:24]
    shrink = Shrink.of(10, DEVICE, size=24)
    return Compose(
        box, background, cover, rest, Lines(*(n.int().to(DEVICE) for n in lines)), shrink
    )


def levels(*shape: int) -> Tensor:
    return (
        torch.from_numpy(np.random.default_rng(sum(shape)).integers(0, 256, shape))
        .byte()
        .to(DEVICE)
    )


@case
def frames_and_their_camera_bytes() -> Iterator[tuple[str, float]]:
    layers = {
        "larger than the frame": (composed(View(64, 64), 0.6), 512),
        "mirrored, inside it": (composed(View(70, 66, mirror=True), 0.05), 512),
        "shrunk": (small_and_turned(), 24),
    }
    for name, (layer, side) in layers.items():
        for pixel_format in ("", "I420", "NV12", "UYVY", "RGB"):
            batch = 3 if pixel_format == "NV12" else 1
            crops = levels(batch, side, side, 3)
            frames, twins = frames_of(layer, batch), frames_of(layer, batch)
            bytes_, others = (native(frames, pixel_format) if pixel_format else None for _ in "ab")
            FINISH(layer, crops, frames, bytes_, pixel_format)
            plain_finish(layer, crops, twins, others, pixel_format)
            # Means over areas are added up in another order; a half may be rounded to either side.
            same = nearly if layer.shrink else whole
            yield f"{name} {pixel_format}", same(frames, twins)
            if bytes_ is not None and others is not None:
                yield f"{name} {pixel_format} native", same(bytes_, others)


@case
def camera_bytes_of_a_bare_crop() -> Iterator[tuple[str, float]]:
    bare = Bare.of(View(64, 64), device=DEVICE)
    crops, frames, twins = levels(2, 512, 512, 3), frames_of(bare, 2), frames_of(bare, 2)
    bytes_, others = native(frames, "NV12"), native(frames, "NV12")
    FINISH(bare, crops, frames, bytes_, "NV12")
    plain_finish(bare, crops, twins, others, "NV12")
    yield "frames", whole(frames, twins)
    yield "bytes", whole(bytes_, others)


@case
def a_box_is_converted_in_place() -> Iterator[tuple[str, float]]:
    rgb = levels(3, 12, 20, 3)
    strided = levels(3, 12 * 20 * 3 + 64)
    frames = strided[:, 32 : 32 + 12 * 20 * 3].view(3, 12, 20, 3)
    frames.copy_(rgb)
    for pixel_format in ("I420", "NV12", "UYVY"):
        whole_frame = native(rgb, pixel_format)
        out = levels(3, whole_frame.shape[1] + 16)[:, :-16]
        for x in (0, 8):
            for box in (Box(x, 0, 8 if x == 0 else 12, 6), Box(x, 6, 8 if x == 0 else 12, 6)):
                FINISH.convert(frames, out, pixel_format, box)
        yield pixel_format, whole(out, whole_frame)


def whole(kernel: Tensor, twin: Tensor) -> float:
    """Compare bytes: they must be the same."""
    return float((kernel.int() - twin.int()).abs().max())


def nearly(kernel: Tensor, twin: Tensor) -> float:
    """Compare bytes: one in a hundred may be another, by 1."""
    away = (kernel.int() - twin.int()).abs()
    return max(float(away.max()), float((away > 0).float().mean() / 0.01))


if __name__ == "__main__":
    from streamer.engines.liveportrait.fast.triton_glue import TritonGlue
    from streamer.engines.liveportrait.fast.triton_picture import TritonFinish

    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    warnings.simplefilter("ignore")  # the interpreter divides by zero where nothing is stored
    GLUE, TWIN, FINISH = TritonGlue(), TorchGlue(), TritonFinish()
    for wanted in sys.argv[2:] or CASES:
        begun = time.process_time()
        found = dict(CASES[wanted]())
        seconds = round(time.process_time() - begun, 1)
        print(json.dumps({"case": wanted, "seconds": seconds, "off": found}), flush=True)
