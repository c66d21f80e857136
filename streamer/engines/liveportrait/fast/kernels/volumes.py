"""Kernels that finish 3-D convolutions: taps added along the depth, bias, ReLU.

Memory: pixels in a row, the channels of one together; ``..._step`` is the distance between two
pixels, so that a tensor may be a channel slice of a larger one.
"""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["pixels", "height", "width", "depth"])
def shift_add(
    parts,
    bias,
    out,
    also,
    pixels,
    height,
    width,
    channels,
    depth,
    parts_step,
    out_step,
    also_step,
    TAPS: tl.constexpr,
    POOL: tl.constexpr,
    ALSO: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """out[d] = mean over POOL x POOL pixels of relu(sum of taps + bias).

    ``pixels``, ``height`` and ``width`` count the output's.
    """
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    pixel = (program // blocks) * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    here = pixel < pixels
    there = channel < channels
    both = here[:, None] & there[None, :]
    offset = tl.load(bias + channel, mask=there, other=0.0).to(tl.float32)
    z = (pixel // (height * width)) % depth
    y = (pixel // width) % height
    x = pixel % width
    row = (pixel // (height * width)) * (height * POOL)  # the slice's first row
    plane = height * width * POOL * POOL
    mean = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for i in tl.static_range(POOL):
        for j in tl.static_range(POOL):
            at = (row + y * POOL + i) * (width * POOL) + x * POOL + j
            total = tl.zeros((PIXELS, CHANNELS), tl.float32)
            for tap in tl.static_range(TAPS):
                away = tap - TAPS // 2
                inside = (z + away >= 0) & (z + away < depth)
                place = (at + away * plane).to(tl.int64) * parts_step
                total += tl.load(
                    parts + place[:, None] + (tap * channels + channel)[None, :],
                    mask=both & inside[:, None],
                    other=0.0,
                ).to(tl.float32)
            total += offset[None, :]
            mean += tl.where(total < 0.0, 0.0, total)  # what is not a number stays so
    value = (mean * (1.0 / (POOL * POOL))).to(out.dtype.element_ty)
    to = pixel.to(tl.int64)[:, None]
    tl.store(out + to * out_step + channel[None, :], value, mask=both)
    if ALSO:
        tl.store(also + to * also_step + channel[None, :], value, mask=both)


@triton.jit(do_not_specialize=["pixels", "height", "width", "depth"])
def shift_add_phases(
    parts,
    bias,
    out,
    pixels,
    height,
    width,
    channels,
    depth,
    parts_step,
    out_step,
    TAPS: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """The same of a map repeated twice, from its four phases on (height + 1) x (width + 1).

    ``height`` and ``width`` are the small map's; ``pixels`` counts the output's.
    """
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    pixel = (program // blocks) * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    here = pixel < pixels
    there = channel < channels
    both = here[:, None] & there[None, :]
    offset = tl.load(bias + channel, mask=there, other=0.0).to(tl.float32)
    slice_ = pixel // (4 * height * width)
    z = slice_ % depth
    y = (pixel // (2 * width)) % (2 * height)
    x = pixel % (2 * width)
    a = y % 2
    b = x % 2
    at = (slice_ * (height + 1) + y // 2 + a) * (width + 1) + x // 2 + b
    plane = (height + 1) * (width + 1)
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for tap in tl.static_range(TAPS):
        away = tap - TAPS // 2
        inside = (z + away >= 0) & (z + away < depth)
        first = (tap * 4 + a * 2 + b) * channels  # of this pixel's phase
        place = (at + away * plane).to(tl.int64) * parts_step + first
        total += tl.load(
            parts + place[:, None] + channel[None, :], mask=both & inside[:, None], other=0.0
        ).to(tl.float32)
    total += offset[None, :]
    value = tl.where(total < 0.0, 0.0, total).to(out.dtype.element_ty)
    to = pixel.to(tl.int64)[:, None] * out_step
    tl.store(out + to + channel[None, :], value, mask=both)
