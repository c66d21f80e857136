"""Kernels of the dense motion: its features, the mixed motion with its sampling, the occlusion.

Memory and steps as in `kernels.volumes`. Coordinates, heat and softmax are float32.
"""

import triton
import triton.language as tl


@triton.jit
def _share(place, low, count):
    """Return the linear weight of pixel ``low`` at ``place``, 0 outside; not finite stays so."""
    near = 1.0 - tl.abs(place - low)
    inside = (low >= 0.0) & (low < count)
    return near * inside.to(tl.float32)


@triton.jit
def _index(low, count):
    """Return a pixel that exists; ``low`` may be anything, also not a number."""
    return tl.minimum(tl.maximum(low, 0.0), count - 1.0).to(tl.int32)


@triton.jit(do_not_specialize=["keypoints", "depth", "height", "width"])
def features(
    compressed,
    kp_source,
    kp_driving,
    axis_x,
    axis_y,
    axis_z,
    heat_x,
    heat_y,
    heat_z,
    out,
    also,
    keypoints,
    each,
    depth,
    height,
    width,
    out_step,
    also_step,
    spare,
    heat_gain,
    MOTIONS: tl.constexpr,
    ALSO: tl.constexpr,
    PIXELS: tl.constexpr,
    EACH: tl.constexpr,
    SPARE: tl.constexpr,
):
    """Write the channels of MOTIONS motions for up to PIXELS voxels of one row.

    A motion is a shift, so along a row only the x weights differ. ``each``: channels of a motion,
    its heat first; EACH the power of two above; ``spare``: channels behind the last motion.
    """
    row = tl.program_id(0)  # of all rows of all slices
    batch = row // (depth * height)
    z = (row // height) % depth
    y = row % height
    x = tl.program_id(1) * PIXELS + tl.arange(0, PIXELS)
    lane = tl.arange(0, EACH)
    here = x < width
    at_z = tl.load(axis_z + z)
    at_y = tl.load(axis_y + y)
    at_x = tl.load(axis_x + x, mask=here, other=0.0)
    to = (row.to(tl.int64) * width + x)[:, None]
    for nth in range(MOTIONS):
        motion = tl.program_id(2) * MOTIONS + nth
        # Motion 0 is the identity; the keypoint that is read for it has no effect.
        keypoint = tl.minimum(tl.maximum(motion - 1, 0), keypoints - 1)
        moves = (motion > 0).to(tl.float32)
        driving = kp_driving + (batch * keypoints + keypoint) * 3
        source = kp_source + keypoint * 3
        now_x = tl.load(driving)
        now_y = tl.load(driving + 1)
        now_z = tl.load(driving + 2)
        shift_x = (tl.load(source) - now_x) * moves
        shift_y = (tl.load(source + 1) - now_y) * moves
        shift_z = (tl.load(source + 2) - now_z) * moves

        place_x = ((at_x + shift_x + 1.0) * width - 1.0) * 0.5
        place_y = ((at_y + shift_y + 1.0) * height - 1.0) * 0.5
        place_z = ((at_z + shift_z + 1.0) * depth - 1.0) * 0.5
        low_x = tl.floor(place_x)
        low_y = tl.floor(place_y)
        low_z = tl.floor(place_z)
        value = tl.zeros((PIXELS, EACH), tl.float32)
        sampled = here[:, None] & (lane > 0)[None, :] & (lane < each)[None, :]
        for k in tl.static_range(2):
            share_z = _share(place_z, low_z + k, depth)
            index_z = _index(low_z + k, depth)
            for j in tl.static_range(2):
                share_y = _share(place_y, low_y + j, height) * share_z
                index_y = index_z * height + _index(low_y + j, height)
                for i in tl.static_range(2):
                    share = _share(place_x, low_x + i, width) * share_y
                    index = index_y * width + _index(low_x + i, width)
                    taken = tl.load(
                        compressed + index[:, None] * (each - 1) + (lane - 1)[None, :],
                        mask=sampled,
                        other=0.0,
                    )
                    value += taken.to(tl.float32) * share[:, None]

        away_x = at_x - now_x
        away_y = at_y - now_y
        away_z = at_z - now_z
        beside = tl.exp(away_y * away_y * heat_gain) * tl.exp(away_z * away_z * heat_gain)
        heat = tl.exp(away_x * away_x * heat_gain) * beside
        before = tl.load(heat_y + keypoint * height + y) * tl.load(heat_z + keypoint * depth + z)
        heat -= tl.load(heat_x + keypoint * width + x, mask=here, other=0.0) * before
        value = tl.where((lane == 0)[None, :], (heat * moves)[:, None], value)

        done = value.to(out.dtype.element_ty)
        channel = (motion * each + lane)[None, :]
        written = here[:, None] & (lane < each)[None, :] & (channel < (keypoints + 1) * each)
        tl.store(out + to * out_step + channel, done, mask=written)
        if ALSO:
            tl.store(also + to * also_step + channel, done, mask=written)
    lane_spare = tl.arange(0, SPARE)
    channel = ((keypoints + 1) * each + lane_spare)[None, :]
    nothing = tl.zeros((PIXELS, SPARE), tl.float32).to(out.dtype.element_ty)
    # Once is enough: by the first motions' program.
    written = here[:, None] & (lane_spare + tl.program_id(2) * spare < spare)[None, :]
    tl.store(out + to * out_step + channel, nothing, mask=written)
    if ALSO:
        tl.store(also + to * also_step + channel, nothing, mask=written)


@triton.jit(do_not_specialize=["pixels", "motions", "depth", "height", "width"])
def mix(
    parts,
    bias,
    table,
    kp_source,
    kp_driving,
    axis_x,
    axis_y,
    axis_z,
    out,
    pixels,
    motions,
    features,
    depth,
    height,
    width,
    parts_step,
    TAPS: tl.constexpr,
    PIXELS: tl.constexpr,
    MOTIONS: tl.constexpr,
    FEATURES: tl.constexpr,
):
    """Add the mask's taps, softmax, mix the shifts, sample the table there; per voxel.

    ``pixels`` are those of one batch entry, a program id each on axis 1; MOTIONS and FEATURES are
    the powers of two above.
    """
    batch = tl.program_id(1)
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    motion = tl.arange(0, MOTIONS)
    here = pixel < pixels
    there = motion < motions
    plane = height * width
    z = pixel // plane
    y = (pixel // width) % height
    x = pixel % width
    first = batch.to(tl.int64) * pixels
    logits = tl.zeros((PIXELS, MOTIONS), tl.float32)
    for tap in tl.static_range(TAPS):
        away = tap - TAPS // 2
        inside = here & (z + away >= 0) & (z + away < depth)
        place = (first + pixel + away * plane) * parts_step
        logits += tl.load(
            parts + place[:, None] + (tap * motions + motion)[None, :],
            mask=inside[:, None] & there[None, :],
            other=0.0,
        ).to(tl.float32)
    logits += tl.load(bias + motion, mask=there, other=0.0)[None, :]
    logits = tl.where(there[None, :], logits, float("-inf"))
    share = tl.exp(logits - tl.max(logits, axis=1)[:, None])
    share = share / tl.sum(share, axis=1)[:, None]

    # The first motion has no shift.
    moving = there & (motion > 0)
    source = kp_source + (motion - 1) * 3
    driving = kp_driving + (batch * (motions - 1) + motion - 1) * 3
    shift_x = tl.load(source, mask=moving, other=0.0) - tl.load(driving, mask=moving, other=0.0)
    shift_y = tl.load(source + 1, mask=moving, other=0.0) - tl.load(
        driving + 1, mask=moving, other=0.0
    )
    shift_z = tl.load(source + 2, mask=moving, other=0.0) - tl.load(
        driving + 2, mask=moving, other=0.0
    )
    at_x = tl.load(axis_x + x, mask=here, other=0.0) + tl.sum(share * shift_x[None, :], axis=1)
    at_y = tl.load(axis_y + y, mask=here, other=0.0) + tl.sum(share * shift_y[None, :], axis=1)
    at_z = tl.load(axis_z + z, mask=here, other=0.0) + tl.sum(share * shift_z[None, :], axis=1)

    place_x = ((at_x + 1.0) * width - 1.0) * 0.5
    place_y = ((at_y + 1.0) * height - 1.0) * 0.5
    place_z = ((at_z + 1.0) * depth - 1.0) * 0.5
    low_x = tl.floor(place_x)
    low_y = tl.floor(place_y)
    low_z = tl.floor(place_z)
    feature = tl.arange(0, FEATURES)
    both = here[:, None] & (feature < features)[None, :]
    value = tl.zeros((PIXELS, FEATURES), tl.float32)
    for k in tl.static_range(2):
        share_z = _share(place_z, low_z + k, depth)
        index_z = _index(low_z + k, depth)
        for j in tl.static_range(2):
            share_y = _share(place_y, low_y + j, height) * share_z
            index_y = index_z * height + _index(low_y + j, height)
            for i in tl.static_range(2):
                share_x = _share(place_x, low_x + i, width) * share_y
                index = index_y * width + _index(low_x + i, width)
                taken = tl.load(
                    table + index[:, None] * features + feature[None, :], mask=both, other=0.0
                )
                value += taken.to(tl.float32) * share_x[:, None]
    # A pixel of the output holds its slices' features one after the other.
    to = (batch.to(tl.int64) * plane + y * width + x) * depth + z
    done = value.to(out.dtype.element_ty)
    tl.store(out + to[:, None] * features + feature[None, :], done, mask=both)


@triton.jit(do_not_specialize=["pixels", "plane"])
def slices(
    parts,
    out,
    pixels,
    plane,
    channels,
    parts_step,
    DEPTH: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """Add all slices of a volume: (B * D, pixels, step) -> (B, pixels, channels) float32."""
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.arange(0, CHANNELS)
    both = (pixel < pixels)[:, None] & (channel < channels)[None, :]
    first = (pixel // plane) * DEPTH * plane + pixel % plane
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for z in range(DEPTH):
        place = (first + z * plane).to(tl.int64) * parts_step
        total += tl.load(parts + place[:, None] + channel[None, :], mask=both, other=0.0).to(
            tl.float32
        )
    tl.store(out + pixel.to(tl.int64)[:, None] * channels + channel[None, :], total, mask=both)


@triton.jit(do_not_specialize=["pixels", "height", "width", "side"])
def occlusion(
    sums,
    bias,
    out,
    pixels,
    height,
    width,
    side,
    PIXELS: tl.constexpr,
    TAPS: tl.constexpr,
):
    """Add the taps of a side x side convolution at their places, then sigmoid."""
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    tap = tl.arange(0, TAPS)
    here = pixel < pixels
    y = ((pixel // width) % height)[:, None] + (tap // side - side // 2)[None, :]
    x = (pixel % width)[:, None] + (tap % side - side // 2)[None, :]
    taps = side * side
    inside = here[:, None] & (tap < taps)[None, :]
    inside = inside & (y >= 0) & (y < height) & (x >= 0) & (x < width)
    at = ((pixel // (height * width)) * height)[:, None] + y
    at = (at * width + x).to(tl.int64) * taps + tap[None, :]
    total = tl.sum(tl.load(sums + at, mask=inside, other=0.0), axis=1) + tl.load(bias)
    tl.store(out + pixel, 1.0 / (1.0 + tl.exp(-total)), mask=here)
