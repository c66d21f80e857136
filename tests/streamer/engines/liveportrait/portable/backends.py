"""Backends that draw right until they are spoilt, in the ways that runtimes fail in the field."""

from collections.abc import Callable

import numpy as np

from streamer.engines.liveportrait.portable.backend import Backend, Numbers
from streamer.errors import EngineError

Spoil = Callable[[Numbers], Numbers]


class Spoilt:
    """Another backend whose answers are spoilt once ``how`` is set; it may raise, too."""

    def __init__(self, inner: Backend, how: Spoil | None = None) -> None:
        self.inner = inner
        self.how = how
        self.drawn = 0
        self.name = inner.name
        self.device = inner.device

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:
        self.drawn += 1
        image = self.inner.draw(feature_3d, kp_source, kp_driving)
        return image if self.how is None else self.how(image)


class Mirrored(Spoilt):
    """Takes its keypoints for each other: inputs in another order than they were given."""

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:
        self.drawn += 1
        one = np.concatenate(
            [self.inner.draw(feature_3d, kp[None], kp_source) for kp in kp_driving]
        )
        return np.asarray(one, np.float32)


class Stale:
    """Gives its first answer again and again, as a buffer does that nobody writes."""

    def __init__(self) -> None:
        self.first: Numbers | None = None

    def __call__(self, image: Numbers) -> Numbers:
        if self.first is None or len(self.first) != len(image):
            self.first = image.copy()
        return self.first


class Late:
    """Gives the answer before: a buffer that is read before it is written."""

    def __init__(self) -> None:
        self.before: Numbers | None = None

    def __call__(self, image: Numbers) -> Numbers:
        before, self.before = self.before, image.copy()
        return image if before is None or len(before) != len(image) else before


def black(image: Numbers) -> Numbers:
    return np.zeros_like(image)


def not_a_number(image: Numbers) -> Numbers:
    spoilt = image.copy()
    spoilt[:, 1, 100, 200] = np.nan
    return spoilt


def infinite(image: Numbers) -> Numbers:
    spoilt = image.copy()
    spoilt[:, 0, 5, 5] = np.inf
    return spoilt


def swapped_channels(image: Numbers) -> Numbers:
    return np.ascontiguousarray(image[:, ::-1])


def channels_last(image: Numbers) -> Numbers:
    """The right numbers in the wrong order of axes, called the right shape."""
    return np.ascontiguousarray(image.transpose(0, 2, 3, 1)).reshape(image.shape)


def turned_sideways(image: Numbers) -> Numbers:
    return np.ascontiguousarray(image.transpose(0, 1, 3, 2))


def turned_batch(image: Numbers) -> Numbers:
    return np.roll(image, 1, axis=0)


def half_the_size(image: Numbers) -> Numbers:
    return np.ascontiguousarray(image[:, :, ::2, ::2])


def half_resolution(image: Numbers) -> Numbers:
    return image[:, :, ::2, ::2].repeat(2, axis=2).repeat(2, axis=3)


def off_by_one(image: Numbers) -> Numbers:
    return np.roll(image, 1, axis=3)


def bytes_instead(image: Numbers) -> Numbers:
    return image * 255.0


def before_the_sigmoid(image: Numbers) -> Numbers:
    clipped = np.clip(image, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def one_missing(image: Numbers) -> Numbers:
    return image[:-1]


def broken(image: Numbers) -> Numbers:
    raise EngineError("onnxruntime failed on CUDAExecutionProvider: error 700")


def crashed(image: Numbers) -> Numbers:
    raise ValueError("a fault of ours")


def rounded(image: Numbers) -> Numbers:
    """What float16 does, which must pass."""
    return image.astype(np.float16).astype(np.float32)
