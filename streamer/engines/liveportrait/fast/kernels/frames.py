"""Kernels that finish frames: a crop made smaller, laid into a frame, turned into camera bytes.

All numbers are whole ones, as in `fast.compose` and `fast.colour`, so that the bytes are the same.
A program works on blocks of two by two pixels, which share their chroma. Frames, crops and camera
bytes of a batch lie ``..._batch`` bytes apart.
"""

import triton
import triton.language as tl

# `fast.colour` says where these come from.
_RED = tl.constexpr(269484)
_GREEN = tl.constexpr(528482)
_BLUE = tl.constexpr(102760)


@triton.jit
def _camera_luma(red, green, blue):
    """Return 16..235 of int32 levels."""
    return (red * _RED + green * _GREEN + blue * _BLUE + ((16 << 20) + (1 << 19))) >> 20


@triton.jit
def _camera_chroma(away, GAIN: tl.constexpr):
    """Return 16..240 of blue or red minus the luma of full range."""
    level = (away * GAIN + ((128 << 14) + (1 << 13))) >> 14
    level = tl.minimum(tl.maximum(level, 0), 255)
    return ((level * 224 + 31 * 128) * 2 + 255) // 510


@triton.jit
def _store_luma(native, x, y, width, luma, mask, UYVY: tl.constexpr):
    """Store the luma of one pixel of every block."""
    at = y * width + x
    if UYVY:
        at = at * 2 + 1
    tl.store(native + at, luma.to(tl.uint8), mask=mask)


@triton.jit
def _store_chroma(native, x, y, width, height, red, green, blue, mask, FORMAT: tl.constexpr):
    """Store the chroma of blocks whose first pixel is (x, y), from the sums of their levels.

    FORMAT: 1 I420, 2 NV12, 3 UYVY.
    """
    red = (red + 2) >> 2
    green = (green + 2) >> 2
    blue = (blue + 2) >> 2
    full = (red * 4899 + green * 9617 + blue * 1868 + (1 << 13)) >> 14
    u = _camera_chroma(blue - full, 9241).to(tl.uint8)
    v = _camera_chroma(red - full, 11682).to(tl.uint8)
    if FORMAT == 1:
        at = width * height + (y // 2) * (width // 2) + x // 2
        tl.store(native + at, u, mask=mask)
        tl.store(native + at + (width // 2) * (height // 2), v, mask=mask)
    elif FORMAT == 2:
        at = width * height + (y // 2) * width + x
        tl.store(native + at, u, mask=mask)
        tl.store(native + at + 1, v, mask=mask)
    else:
        at = (y * width + x) * 2
        tl.store(native + at, u, mask=mask)
        tl.store(native + at + 2, v, mask=mask)
        tl.store(native + at + width * 2, u, mask=mask)
        tl.store(native + at + width * 2 + 2, v, mask=mask)


@triton.jit
def _drawn(crop, at, weight_00, weight_01, weight_10, weight_11, row, in_00, in_01, in_10, in_11):
    """Sample one channel of a crop, black outside; weights of 1024ths."""
    total = tl.load(crop + at, mask=in_00, other=0).to(tl.int32) * weight_00
    total += tl.load(crop + at + 3, mask=in_01, other=0).to(tl.int32) * weight_01
    total += tl.load(crop + at + row, mask=in_10, other=0).to(tl.int32) * weight_10
    total += tl.load(crop + at + row + 3, mask=in_11, other=0).to(tl.int32) * weight_11
    return ((total + 512) >> 10).to(tl.float32)


@triton.jit
def _mixed(drawn, cover, rest):
    """Return a level of the frame, truncated."""
    value = cover * drawn + rest
    return tl.minimum(tl.maximum(value, 0.0), 255.0).to(tl.int32)


@triton.jit(
    do_not_specialize=[
        "crops_batch",
        "frames_batch",
        "native_batch",
        "side",
        "box_x",
        "box_y",
        "box_width",
        "box_height",
        "width",
        "height",
    ]
)
def lay(
    crops,
    frames,
    native,
    cover,
    rest,
    row_x,
    row_y,
    column_x,
    column_y,
    crops_batch,
    frames_batch,
    native_batch,
    side,
    box_x,
    box_y,
    box_width,
    box_height,
    width,
    height,
    FORMAT: tl.constexpr,
    BLOCKS: tl.constexpr,
):
    """Lay crops into the box of frames and, if FORMAT is not 0, write its camera bytes."""
    batch = tl.program_id(1).to(tl.int64)
    crop = crops + batch * crops_batch
    frame = frames + batch * frames_batch
    camera = native + batch * native_batch
    block = tl.program_id(0) * BLOCKS + tl.arange(0, BLOCKS)
    here = block < (box_width // 2) * (box_height // 2)
    left = (block % (box_width // 2)) * 2
    top = (block // (box_width // 2)) * 2
    reds = tl.zeros((BLOCKS,), tl.int32)
    greens = tl.zeros((BLOCKS,), tl.int32)
    blues = tl.zeros((BLOCKS,), tl.int32)
    row = side * 3
    for down in tl.static_range(2):
        for right in tl.static_range(2):
            x = left + right
            y = top + down
            fine_x = tl.load(row_x + y, mask=here, other=0)
            fine_x = (fine_x + tl.load(column_x + x, mask=here, other=0)) >> 5
            fine_y = tl.load(row_y + y, mask=here, other=0)
            fine_y = (fine_y + tl.load(column_y + x, mask=here, other=0)) >> 5
            at_x = fine_x >> 5
            at_y = fine_y >> 5
            fine_x = fine_x & 31
            fine_y = fine_y & 31
            in_x0 = here & (at_x >= 0) & (at_x < side)
            in_x1 = here & (at_x >= -1) & (at_x < side - 1)
            in_y0 = (at_y >= 0) & (at_y < side)
            in_y1 = (at_y >= -1) & (at_y < side - 1)
            weight_00 = (32 - fine_x) * (32 - fine_y)
            weight_01 = fine_x * (32 - fine_y)
            weight_10 = (32 - fine_x) * fine_y
            weight_11 = fine_x * fine_y
            in_00 = in_x0 & in_y0
            in_01 = in_x1 & in_y0
            in_10 = in_x0 & in_y1
            in_11 = in_x1 & in_y1
            at = at_y * row + at_x * 3
            inside = y * box_width + x
            share = tl.load(cover + inside, mask=here, other=0.0)
            known = rest + inside * 3
            red = _drawn(
                crop, at, weight_00, weight_01, weight_10, weight_11, row,
                in_00, in_01, in_10, in_11,
            )  # fmt: skip
            green = _drawn(
                crop + 1, at, weight_00, weight_01, weight_10, weight_11, row,
                in_00, in_01, in_10, in_11,
            )  # fmt: skip
            blue = _drawn(
                crop + 2, at, weight_00, weight_01, weight_10, weight_11, row,
                in_00, in_01, in_10, in_11,
            )  # fmt: skip
            red_level = _mixed(red, share, tl.load(known, mask=here, other=0.0))
            green_level = _mixed(green, share, tl.load(known + 1, mask=here, other=0.0))
            blue_level = _mixed(blue, share, tl.load(known + 2, mask=here, other=0.0))
            to = frame + ((y + box_y) * width + x + box_x) * 3
            tl.store(to, red_level.to(tl.uint8), mask=here)
            tl.store(to + 1, green_level.to(tl.uint8), mask=here)
            tl.store(to + 2, blue_level.to(tl.uint8), mask=here)
            if FORMAT > 0:
                luma = _camera_luma(red_level, green_level, blue_level)
                _store_luma(camera, x + box_x, y + box_y, width, luma, here, FORMAT == 3)
                reds += red_level
                greens += green_level
                blues += blue_level
    if FORMAT > 0:
        _store_chroma(
            camera, left + box_x, top + box_y, width, height, reds, greens, blues, here, FORMAT
        )


@triton.jit(
    do_not_specialize=[
        "frames_batch",
        "native_batch",
        "box_x",
        "box_y",
        "box_width",
        "box_height",
        "width",
        "height",
    ]
)
def convert(
    frames,
    native,
    frames_batch,
    native_batch,
    box_x,
    box_y,
    box_width,
    box_height,
    width,
    height,
    FORMAT: tl.constexpr,
    BLOCKS: tl.constexpr,
):
    """Write the camera bytes of the box of finished frames."""
    batch = tl.program_id(1).to(tl.int64)
    frame = frames + batch * frames_batch
    camera = native + batch * native_batch
    block = tl.program_id(0) * BLOCKS + tl.arange(0, BLOCKS)
    here = block < (box_width // 2) * (box_height // 2)
    left = (block % (box_width // 2)) * 2 + box_x
    top = (block // (box_width // 2)) * 2 + box_y
    reds = tl.zeros((BLOCKS,), tl.int32)
    greens = tl.zeros((BLOCKS,), tl.int32)
    blues = tl.zeros((BLOCKS,), tl.int32)
    for down in tl.static_range(2):
        for right in tl.static_range(2):
            at = frame + ((top + down) * width + left + right) * 3
            red = tl.load(at, mask=here, other=0).to(tl.int32)
            green = tl.load(at + 1, mask=here, other=0).to(tl.int32)
            blue = tl.load(at + 2, mask=here, other=0).to(tl.int32)
            luma = _camera_luma(red, green, blue)
            _store_luma(camera, left + right, top + down, width, luma, here, FORMAT == 3)
            reds += red
            greens += green
            blues += blue
    _store_chroma(camera, left, top, width, height, reds, greens, blues, here, FORMAT)


@triton.jit(do_not_specialize=["crops_batch", "size", "side"])
def shrink(
    crops,
    small,
    first,
    weights,
    crops_batch,
    size,
    side,
    TAPS: tl.constexpr,
    PIXELS: tl.constexpr,
):
    """Make crops smaller: means over areas, (B, size, size, 3) -> (B, side, side, 3) bytes.

    Shapes: first (side,) int32, weights (side, TAPS) float32, the same along both axes.
    """
    batch = tl.program_id(1).to(tl.int64)
    crop = crops + batch * crops_batch
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    here = pixel < side * side
    y = pixel // side
    x = pixel % side
    top = tl.load(first + y, mask=here, other=0)
    left = tl.load(first + x, mask=here, other=0)
    red = tl.zeros((PIXELS,), tl.float32)
    green = tl.zeros((PIXELS,), tl.float32)
    blue = tl.zeros((PIXELS,), tl.float32)
    for i in range(TAPS):
        weight_y = tl.load(weights + y * TAPS + i, mask=here, other=0.0)
        for j in range(TAPS):
            weight = tl.load(weights + x * TAPS + j, mask=here, other=0.0) * weight_y
            at = crop + ((top + i) * size + left + j) * 3
            red += tl.load(at, mask=here, other=0).to(tl.float32) * weight
            green += tl.load(at + 1, mask=here, other=0).to(tl.float32) * weight
            blue += tl.load(at + 2, mask=here, other=0).to(tl.float32) * weight
    to = small + (batch * side * side + pixel) * 3
    tl.store(to, tl.minimum(red + 0.5, 255.5).to(tl.int32).to(tl.uint8), mask=here)
    tl.store(to + 1, tl.minimum(green + 0.5, 255.5).to(tl.int32).to(tl.uint8), mask=here)
    tl.store(to + 2, tl.minimum(blue + 0.5, 255.5).to(tl.int32).to(tl.uint8), mask=here)
