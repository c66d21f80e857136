"""Small tools on float pictures: smoothstep, blur, sampling, filling in."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]

GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green, blue in brightness. Source: ITU-R BT.601."""


def smooth(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Smoothstep from 0 at ``low`` to 1 at ``high``."""
    x, low, high = (
        np.asarray(x, np.float32),
        np.asarray(low, np.float32),
        np.asarray(high, np.float32),
    )
    v = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(v * v * (3.0 - 2.0 * v), np.float32)


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur, any sigma in px; a very small one leaves the picture as it is."""
    if sigma < 0.25:
        return image
    return np.asarray(
        cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def spread(image: Array, weight: Array, sigmas: tuple[float, ...]) -> Array:
    """Fill a picture in from its trusted pixels: near ones count most, far ones only if need be.

    Shapes: image (h, w, 3), weight (h, w). Units: sigmas px, growing.
    """
    total = np.zeros_like(image)
    norm = np.zeros_like(weight)
    trust = 1.0
    for sigma in sigmas:
        total += trust * blur(image * weight[:, :, None], sigma)
        norm += trust * blur(weight, sigma)
        trust *= 0.03
    fallback = np.average(
        image.reshape(-1, 3), axis=0, weights=np.maximum(weight.ravel(), 1e-6)
    ).astype(np.float32)
    far = np.float32(1e-7)
    return np.asarray((total + far * fallback) / (norm + far)[:, :, None], np.float32)


def sample(
    image: Array, x: Array, y: Array | None = None, border: int = cv2.BORDER_REPLICATE
) -> Array:
    """Read a float picture at positions: x and y (h, w), or both in one (h, w, 2) array."""
    if y is None:
        taken = cv2.remap(image, x, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]
    else:
        at = np.asarray(x, np.float32), np.asarray(y, np.float32)
        taken = cv2.remap(image, *at, cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(taken, np.float32)


def dim(image: Array, factor: Array) -> Array:
    """Multiply a colour picture (h, w, 3) by a factor per pixel (h, w)."""
    # Three merged planes: numpy's own broadcasting over a last axis of 3 is four times slower.
    return np.asarray(cv2.multiply(image, _thrice(factor)), np.float32)


def mix(below: Array, above: Array, share: Array) -> Array:
    """Lay one colour picture (h, w, 3) over another, with a share per pixel (h, w)."""
    mixed = cv2.subtract(above, below)
    cv2.multiply(mixed, _thrice(share), dst=mixed)
    return np.asarray(cv2.add(below, mixed, dst=mixed), np.float32)


def flat(colour: Array, like: Array) -> Array:
    """Return a picture of one colour, as large as ``like``."""
    return np.ascontiguousarray(np.broadcast_to(colour, like.shape), np.float32)


def _thrice(plane: Array) -> Array:
    plane = np.asarray(plane, np.float32)
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)
