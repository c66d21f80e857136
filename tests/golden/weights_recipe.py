"""Deterministic synthetic weights and inputs for LivePortrait-shaped networks.

Pure numpy + hashlib.  No stored weights are needed: every tensor is a function of
(salt, module name, state-dict key, shape).  Only raw 64-bit PCG64 outputs are used (that stream is
guaranteed stable by numpy), mapped to a centred uniform distribution of unit variance, so the
float32 values are bit-identical on every platform.

    table = load_table("warping_module", folder)          # key -> {"shape": [...], "dtype": "..."}
    sd    = synth_state_dict("warping_module", table, "public-1")   # key -> numpy array

The stitching/retargeting MLPs use the module names
    "stitching_retargeting_module/stitching", ".../lip", ".../eye".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np

RECIPE_VERSION = 1
SQRT3 = 1.7320508075688772


# --------------------------------------------------------------------------- raw streams
def seed_of(text: str) -> int:
    """Stable 64-bit seed: little-endian integer of the 8-byte blake2b digest of the text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


def raw_u64(text: str, n: int) -> np.ndarray:
    """n raw outputs of PCG64 seeded with seed_of(text)."""
    return np.random.PCG64(seed_of(text)).random_raw(int(n))


def uniform01(text: str, shape) -> np.ndarray:
    """float64 in (0, 1), 24-bit resolution: ((raw >> 40) + 0.5) / 2**24."""
    n = int(np.prod(shape, dtype=np.int64)) if len(shape) else 1
    u = (raw_u64(text, n) >> np.uint64(40)).astype(np.float64)
    return ((u + 0.5) * 2.0**-24).reshape(shape)


def unit(text: str, shape) -> np.ndarray:
    """float64, zero mean, unit variance, uniform on (-sqrt3, sqrt3)."""
    return (2.0 * uniform01(text, shape) - 1.0) * SQRT3


def signs(text: str, n: int) -> np.ndarray:
    """float64 vector of +-1 (top bit of the raw stream)."""
    return 1.0 - 2.0 * (raw_u64(text, n) >> np.uint64(63)).astype(np.float64)


def integers(text: str, shape, high: int) -> np.ndarray:
    """int64 in [0, high): (raw >> 32) * high >> 32."""
    n = int(np.prod(shape, dtype=np.int64))
    r = (raw_u64(text, n) >> np.uint64(32)).astype(np.uint64)
    return ((r * np.uint64(high)) >> np.uint64(32)).astype(np.int64).reshape(shape)


# --------------------------------------------------------------------------- scaling rules
# First matching (module, key) pattern wins.  gain multiplies unit()/sqrt(fan_in) for matrices and
# kernels; for vectors the value is  mean + std * unit().
_G = "gain"
_V = "vector"
RULES = [
    # motion extractor heads
    (r"motion_extractor", r"detector\.fc_(pitch|yaw|roll)\.weight", _G, 1.2),
    (r"motion_extractor", r"detector\.fc_(pitch|yaw|roll)\.bias", _V, (0.0, 0.9)),
    (r"motion_extractor", r"detector\.fc_kp\.weight", _G, 0.20),
    (r"motion_extractor", r"detector\.fc_kp\.bias", _V, (0.0, 0.22)),
    (r"motion_extractor", r"detector\.fc_exp\.weight", _G, 0.012),
    (r"motion_extractor", r"detector\.fc_exp\.bias", _V, (0.0, 0.012)),
    (r"motion_extractor", r"detector\.fc_t\.weight", _G, 0.02),
    (r"motion_extractor", r"detector\.fc_t\.bias", _V, (0.0, 0.03)),
    (r"motion_extractor", r"detector\.fc_scale\.weight", _G, 0.05),
    (r"motion_extractor", r"detector\.fc_scale\.bias", _V, (1.45, 0.05)),
    (r"motion_extractor", r".*\.grn\.gamma", _V, (0.0, 0.5)),
    (r"motion_extractor", r".*\.grn\.beta", _V, (0.0, 0.2)),
    (r"motion_extractor", r".*\.pwconv2\.weight", _G, 0.7),
    # appearance extractor
    (r"appearance_feature_extractor", r"resblocks_3d\..*\.conv2\.weight", _G, 0.6),
    (r"appearance_feature_extractor", r"first\.conv\.weight", _G, 2.0),
    # dense motion
    (r"warping_module", r"dense_motion_network\.hourglass\..*\.conv\.weight", _G, 1.6),
    (r"warping_module", r"dense_motion_network\.mask\.weight", _G, 1.8),
    (r"warping_module", r"dense_motion_network\.mask\.bias", _V, (0.0, 0.6)),
    (r"warping_module", r"dense_motion_network\.occlusion\.weight", _G, 1.4),
    (r"warping_module", r"dense_motion_network\.compress\.weight", _G, 1.4),
    # SPADE
    (r"spade_generator", r".*\.mlp_(gamma|beta)\.weight", _G, 0.5),
    (r"spade_generator", r"conv_img\.0\.weight", _G, 0.9),
    # stitching / retargeting MLPs: last layer small, so that deltas look like real ones
    (r"stitching_retargeting_module/(stitching|lip)", r"mlp\.6\.weight", _G, 0.05),
    (r"stitching_retargeting_module/(stitching|lip)", r"mlp\.6\.bias", _V, (0.0, 0.01)),
    (r"stitching_retargeting_module/eye", r"mlp\.10\.weight", _G, 0.05),
    (r"stitching_retargeting_module/eye", r"mlp\.10\.bias", _V, (0.0, 0.01)),
    (r"stitching_retargeting_module/.*", r"mlp\.0\.weight", _G, 2.5),
    # defaults
    (r".*", r".*\.running_mean", _V, (0.0, 0.1)),
    (r".*", r".*\.bias", _V, (0.0, 0.08)),
    (r".*", r".*", _G, 1.4142135623730951),
]
_COMPILED = [(re.compile(m + r"\Z"), re.compile(k + r"\Z"), kind, arg) for m, k, kind, arg in RULES]


def rule_for(module: str, key: str):
    for m, k, kind, arg in _COMPILED:
        if m.match(module) and k.match(key):
            return kind, arg
    raise KeyError((module, key))


def fan_in(shape) -> int:
    return int(np.prod(shape[1:], dtype=np.int64)) if len(shape) > 1 else 1


def _spectral_base(key: str):
    for suffix in (".weight_orig", ".weight_u", ".weight_v"):
        if key.endswith(suffix):
            return key[: -len(suffix)], suffix
    return None, None


def synth_tensor(module: str, key: str, shape, dtype: str, salt: str, table=None) -> np.ndarray:
    """One tensor.  `table` tells spectral-normalised layers the shape of their weight."""
    name = f"{salt}:{module}:{key}"
    shape = tuple(int(x) for x in shape)
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    base, suffix = _spectral_base(key)
    if base is not None:
        wshape = tuple(table[base + ".weight_orig"]["shape"])
        n, m = wshape[0], int(np.prod(wshape[1:]))
        u = signs(f"{salt}:{module}:{base}.weight_u", n) / np.sqrt(n)
        v = signs(f"{salt}:{module}:{base}.weight_v", m) / np.sqrt(m)
        if suffix == ".weight_u":
            return u.astype(np.float32)
        if suffix == ".weight_v":
            return v.astype(np.float32)
        # random bulk + a rank-one part along (u, v) a little above the bulk's largest singular
        # value, so that u^T W v is a sensible spectral-norm estimate but NOT the exact one
        r = unit(name, (n, m)) / np.sqrt(m)
        w = r + (1.1 * (1.0 + np.sqrt(n / m))) * np.outer(u, v)
        return w.reshape(wshape).astype(np.float32)
    if key.endswith("running_var"):
        return (0.6 + 0.8 * uniform01(name, shape)).astype(np.float32)
    if key.endswith(".weight") and len(shape) == 1:  # affine scale of a BatchNorm / LayerNorm
        return (1.0 + 0.12 * unit(name, shape)).astype(np.float32)
    kind, arg = rule_for(module, key)
    if kind == _V:
        mean, std = arg
        return (mean + std * unit(name, shape)).astype(np.float32)
    return (unit(name, shape) * (arg / np.sqrt(fan_in(shape)))).astype(np.float32)


def synth_state_dict(module: str, table, salt: str) -> OrderedDict[str, np.ndarray]:
    """All tensors of one module, in table order."""
    out = OrderedDict()
    for key, meta in table.items():
        out[key] = synth_tensor(module, key, meta["shape"], meta["dtype"], salt, table)
    return out


def load_table(module: str, folder) -> OrderedDict[str, dict]:
    """Reads state_dict_<module>.json; MLPs are e.g. 'stitching_retargeting_module/eye'."""
    name, _, sub = module.partition("/")
    data = json.loads(
        (Path(folder) / f"state_dict_{name}.json").read_text(), object_pairs_hook=OrderedDict
    )
    tensors = data["tensors"]
    return tensors[sub] if sub else tensors


# --------------------------------------------------------------------------- inputs
def synth_image(salt: str, name: str, height: int, width: int) -> np.ndarray:
    """uint8 HxWx3 (read the channels as R,G,B).

    A 32-px random lattice, bilinear in exact integer arithmetic, plus noise in [-12, 12].
    """
    gh, gw = (height + 31) // 32 + 1, (width + 31) // 32 + 1
    g = integers(f"{salt}:image:{name}:lattice", (gh, gw, 3), 256)
    y, x = np.arange(height), np.arange(width)
    y0, fy = y // 32, (y % 32)[:, None, None]
    x0, fx = x // 32, (x % 32)[None, :, None]
    top = g[y0][:, x0] * (32 - fx) + g[y0][:, x0 + 1] * fx
    bot = g[y0 + 1][:, x0] * (32 - fx) + g[y0 + 1][:, x0 + 1] * fx
    base = (top * (32 - fy) + bot * fy) // 1024
    noise = integers(f"{salt}:image:{name}:noise", (height, width, 3), 25) - 12
    return np.clip(base + noise, 0, 255).astype(np.uint8)


def synth_array(salt: str, name: str, shape, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """float32 tensor mean + std * unit()."""
    return (mean + std * unit(f"{salt}:array:{name}", tuple(shape))).astype(np.float32)


def _face_points(salt: str, name: str, n: int) -> np.ndarray:
    """n points in a face-like box, centred near 0: x in (-1, 1), y in (-1.2, 1.2)."""
    p = 2.0 * uniform01(f"{salt}:landmark:{name}", (n, 2)) - 1.0
    return p * np.array([1.0, 1.2])


# canonical spots used below: eye rings, mouth corners and inner lips (x right, y down)
_SPOTS_203 = {
    0: (-0.62, -0.30),
    6: (-0.42, -0.40),
    12: (-0.22, -0.30),
    18: (-0.42, -0.20),
    24: (0.22, -0.30),
    30: (0.42, -0.40),
    36: (0.62, -0.30),
    42: (0.42, -0.20),
    48: (-0.32, 0.55),
    66: (0.32, 0.55),
    90: (0.0, 0.50),
    102: (0.0, 0.60),
}
_SPOTS_106 = {
    33: (-0.42, -0.20),
    35: (-0.62, -0.30),
    40: (-0.42, -0.40),
    39: (-0.22, -0.30),
    87: (0.42, -0.20),
    89: (0.22, -0.30),
    94: (0.42, -0.40),
    93: (0.62, -0.30),
    52: (-0.32, 0.55),
    61: (0.32, 0.55),
}


def synth_landmarks(
    salt: str, name: str, n: int, centre, size: float, roll_deg: float
) -> np.ndarray:
    """float32 (n, 2) pixel landmarks, n = 203 or 106.

    Random face-box points with the indices that matter put at plausible places (jittered),
    rotated by roll_deg, scaled by size px, moved to centre.
    """
    p = _face_points(salt, f"{name}:{n}", n)
    spots = _SPOTS_203 if n == 203 else _SPOTS_106
    jit = 0.03 * unit(f"{salt}:landmark:{name}:{n}:jitter", (len(spots), 2))
    for j, (i, xy) in enumerate(sorted(spots.items())):
        p[i] = np.array(xy) + jit[j]
    a = np.deg2rad(roll_deg)
    rot = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return (p @ rot.T * size + np.asarray(centre, np.float64)).astype(np.float32)


def sample_index(shape, step) -> tuple:
    """Index of the strided subsample that is stored: x[sample_index(x.shape, step)]."""
    return tuple(slice(None, None, int(s)) for s in step)
