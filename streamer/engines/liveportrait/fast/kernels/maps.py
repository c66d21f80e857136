"""Kernels on maps: sums with an activation, norms, the shared maps of the norms, the picture.

Memory and steps as in `kernels.volumes`.
"""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["pixels"])
def activate(
    first,
    second,
    third,
    bias,
    out,
    pixels,
    channels,
    first_step,
    second_step,
    third_step,
    out_step,
    slope,
    TERMS: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """Leaky ReLU of the sum of up to three terms and the bias."""
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    pixel = (program // blocks) * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    there = channel < channels
    both = (pixel < pixels)[:, None] & there[None, :]
    at = pixel.to(tl.int64)[:, None]
    lane = channel[None, :]
    total = tl.load(bias + channel, mask=there, other=0.0)[None, :]
    total = total + tl.load(first + at * first_step + lane, mask=both, other=0.0).to(tl.float32)
    if TERMS > 1:
        total += tl.load(second + at * second_step + lane, mask=both, other=0.0).to(tl.float32)
    if TERMS > 2:
        total += tl.load(third + at * third_step + lane, mask=both, other=0.0).to(tl.float32)
    total = tl.where(total > 0.0, total, total * slope)
    tl.store(out + at * out_step + lane, total.to(out.dtype.element_ty), mask=both)


@triton.jit(do_not_specialize=["pixels"])
def gate(
    x,
    bias,
    occlusion,
    out,
    pixels,
    channels,
    x_step,
    out_step,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """(x + bias) * occlusion; the occlusion has one value a pixel."""
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    pixel = (program // blocks) * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    here = pixel < pixels
    there = channel < channels
    both = here[:, None] & there[None, :]
    at = pixel.to(tl.int64)[:, None]
    value = tl.load(x + at * x_step + channel[None, :], mask=both, other=0.0).to(tl.float32)
    value += tl.load(bias + channel, mask=there, other=0.0)[None, :]
    value *= tl.load(occlusion + pixel, mask=here, other=0.0)[:, None]
    tl.store(out + at * out_step + channel[None, :], value.to(out.dtype.element_ty), mask=both)


@triton.jit(do_not_specialize=["pixels", "height", "width", "groups", "scale"])
def shared(
    x,
    rows,
    columns,
    middle,
    bias,
    out,
    pixels,
    height,
    width,
    channels,
    groups,
    scale,
    x_step,
    rows_step,
    columns_step,
    middle_step,
    SPREAD: tl.constexpr,
    EDGES: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """ReLU(x + bias), every group of channels as a map of its own.

    ``height`` and ``width`` are the output's; x is the map itself or, with SPREAD, the corners of
    a `glue.Spread`, with EDGES all of it.
    """
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    pixel = (program // (blocks * groups)) * PIXELS + tl.arange(0, PIXELS)
    group = (program // blocks) % groups
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    here = pixel < pixels
    there = channel < channels
    both = here[:, None] & there[None, :]
    lane = (group * channels + channel)[None, :]
    if SPREAD:
        low_height = height // scale
        low_width = width // scale
        batch = pixel // (height * width)
        y = (pixel // width) % height
        x_ = pixel % width
        i = y // scale
        j = x_ // scale
        last_row = y % scale == scale - 1
        last_column = x_ % scale == scale - 1
        a = last_row.to(tl.int32)
        b = last_column.to(tl.int32)
        row_ends = last_row | (y % scale == 0)
        column_ends = last_column | (x_ % scale == 0)
        every = groups * channels
        at = ((batch * (low_height + 1) + i + a) * (low_width + 1) + j + b).to(tl.int64) * x_step
        value = tl.load(
            x + (at + (a * 2 + b) * every)[:, None] + lane,
            mask=both & (row_ends & column_ends)[:, None],
            other=0.0,
        ).to(tl.float32)
        if EDGES:
            at = ((batch * (low_height + 1) + i + a) * low_width + j).to(tl.int64) * rows_step
            value += tl.load(
                rows + (at + a * every)[:, None] + lane,
                mask=both & (row_ends & (column_ends == 0))[:, None],
                other=0.0,
            ).to(tl.float32)
            at = ((batch * low_height + i) * (low_width + 1) + j + b).to(tl.int64) * columns_step
            value += tl.load(
                columns + (at + b * every)[:, None] + lane,
                mask=both & (column_ends & (row_ends == 0))[:, None],
                other=0.0,
            ).to(tl.float32)
            at = ((batch * low_height + i) * low_width + j).to(tl.int64) * middle_step
            value += tl.load(
                middle + at[:, None] + lane,
                mask=both & ((row_ends == 0) & (column_ends == 0))[:, None],
                other=0.0,
            ).to(tl.float32)
    else:
        at = pixel.to(tl.int64) * x_step
        value = tl.load(x + at[:, None] + lane, mask=both, other=0.0).to(tl.float32)
    value += tl.load(bias + group * channels + channel, mask=there, other=0.0)[None, :]
    value = tl.where(value < 0.0, 0.0, value).to(out.dtype.element_ty)  # NaN stays
    to = (group.to(tl.int64) * pixels + pixel)[:, None] * channels + channel[None, :]
    tl.store(out + to, value, mask=both)


@triton.jit(do_not_specialize=["pixels", "chunks"])
def add_and_measure(
    first,
    second,
    third,
    out,
    means,
    squares,
    pixels,
    channels,
    chunks,
    first_step,
    second_step,
    third_step,
    TERMS: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """Add up to three terms; mean and sum of squares about it of every chunk of PIXELS pixels.

    A chunk is in registers whole, so its mean is known before the squares are added: nothing is
    lost where a channel's mean is large. ``pixels`` are those of one batch entry. A single term is
    not written again. Shapes: means, squares (B, chunks, channels) float32.
    """
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    batch = tl.program_id(1)
    chunk = program // blocks
    pixel = chunk * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    here = pixel < pixels
    there = channel < channels
    both = here[:, None] & there[None, :]
    at = (batch.to(tl.int64) * pixels + pixel)[:, None]
    lane = channel[None, :]
    total = tl.load(first + at * first_step + lane, mask=both, other=0.0).to(tl.float32)
    if TERMS > 1:
        total += tl.load(second + at * second_step + lane, mask=both, other=0.0).to(tl.float32)
        if TERMS > 2:
            total += tl.load(third + at * third_step + lane, mask=both, other=0.0).to(tl.float32)
        rounded = total.to(out.dtype.element_ty)
        tl.store(out + at * channels + lane, rounded, mask=both)
        total = rounded.to(tl.float32)
    count = tl.minimum(pixels - chunk * PIXELS, PIXELS).to(tl.float32)
    mean = tl.sum(total, axis=0) / count
    away = tl.where(both, total - mean[None, :], 0.0)
    to = (batch * chunks + chunk) * channels + channel
    tl.store(means + to, mean, mask=there)
    tl.store(squares + to, tl.sum(away * away, axis=0), mask=there)


@triton.jit(do_not_specialize=["pixels", "channels"])
def merge(
    means,
    squares,
    mean,
    rstd,
    pixels,
    channels,
    eps,
    CHUNKS: tl.constexpr,
    CHUNK: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """Merge the chunks' figures: mean and 1 / sqrt(variance + eps) per channel.

    Source: Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm".
    """
    batch = tl.program_id(1)
    channel = tl.program_id(0) * CHANNELS + tl.arange(0, CHANNELS)
    there = channel < channels
    total = tl.zeros((CHANNELS,), tl.float32)
    for first in range(0, CHUNKS, PIXELS):
        chunk = first + tl.arange(0, PIXELS)
        both = (chunk < CHUNKS)[:, None] & there[None, :]
        count = tl.minimum(pixels - chunk * CHUNK, CHUNK).to(tl.float32)
        at = (batch * CHUNKS + chunk)[:, None] * channels + channel[None, :]
        known = tl.load(means + at, mask=both, other=0.0)
        total += tl.sum(known * count[:, None], axis=0)
    whole = total / pixels
    about = tl.zeros((CHANNELS,), tl.float32)
    for first in range(0, CHUNKS, PIXELS):
        chunk = first + tl.arange(0, PIXELS)
        both = (chunk < CHUNKS)[:, None] & there[None, :]
        count = tl.minimum(pixels - chunk * CHUNK, CHUNK).to(tl.float32)
        at = (batch * CHUNKS + chunk)[:, None] * channels + channel[None, :]
        away = tl.load(means + at, mask=both, other=0.0) - whole[None, :]
        part = tl.load(squares + at, mask=both, other=0.0) + away * away * count[:, None]
        about += tl.sum(tl.where(both, part, 0.0), axis=0)
    to = batch * channels + channel
    tl.store(mean + to, whole, mask=there)
    tl.store(rstd + to, 1.0 / tl.sqrt(about / pixels + eps), mask=there)


@triton.jit(do_not_specialize=["pixels", "width", "scale"])
def modulate(
    x,
    mean,
    rstd,
    gain,
    gain_bias,
    offset,
    offset_bias,
    out,
    pixels,
    width,
    channels,
    scale,
    x_step,
    gain_step,
    offset_step,
    slope,
    OFFSET: tl.constexpr,
    RELU: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """(x - mean) * rstd * gain + offset, leaky ReLU; x is read ``scale`` times repeated.

    ``pixels`` are those of one batch entry of the output, ``width`` is the output's.
    """
    blocks = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    batch = tl.program_id(1)
    pixel = (program // blocks) * PIXELS + tl.arange(0, PIXELS)
    channel = (program % blocks) * CHANNELS + tl.arange(0, CHANNELS)
    there = channel < channels
    both = (pixel < pixels)[:, None] & there[None, :]
    lane = channel[None, :]
    known = batch * channels + channel
    center = tl.load(mean + known, mask=there, other=0.0)[None, :]
    factor = tl.load(rstd + known, mask=there, other=0.0)[None, :]
    low = (pixel // width // scale) * (width // scale) + (pixel % width) // scale
    at = batch.to(tl.int64) * (pixels // (scale * scale)) + low
    value = tl.load(x + at[:, None] * x_step + lane, mask=both, other=0.0).to(tl.float32)
    value = (value - center) * factor
    to = (batch.to(tl.int64) * pixels + pixel)[:, None]
    weight = tl.load(gain + to * gain_step + lane, mask=both, other=0.0).to(tl.float32)
    value *= weight + tl.load(gain_bias + channel, mask=there, other=0.0)[None, :]
    if OFFSET:
        more = tl.load(offset + to * offset_step + lane, mask=both, other=0.0).to(tl.float32)
        value += more + tl.load(offset_bias + channel, mask=there, other=0.0)[None, :]
    if RELU:
        value = tl.where(value > 0.0, value, value * slope)
    tl.store(out + to * channels + lane, value.to(out.dtype.element_ty), mask=both)


@triton.jit(do_not_specialize=["pixels", "height", "width", "upscale"])
def picture(
    x,
    out,
    pixels,
    height,
    width,
    upscale,
    x_step,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """Sigmoid, pixel shuffle, bytes; ``height`` and ``width`` are the input's.

    CHANNELS is the power of two above 3 * upscale * upscale. What is not a number becomes 0.
    """
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.arange(0, CHANNELS)
    phases = upscale * upscale
    both = (pixel < pixels)[:, None] & (channel < 3 * phases)[None, :]
    at = pixel.to(tl.int64)[:, None] * x_step + channel[None, :]
    value = tl.load(x + at, mask=both, other=0.0).to(tl.float32)
    value = (1.0 / (1.0 + tl.exp(-value))) * 255.0
    value = tl.where(value == value, value, 0.0)
    row = (pixel // width)[:, None] * upscale + ((channel % phases) // upscale)[None, :]
    column = (pixel % width)[:, None] * upscale + (channel % upscale)[None, :]
    to = (row.to(tl.int64) * (width * upscale) + column) * 3 + (channel // phases)[None, :]
    tl.store(out + to, value.to(tl.int32).to(tl.uint8), mask=both)
