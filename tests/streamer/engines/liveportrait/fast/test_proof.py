"""The one rule catches what goes wrong in the field, and lets rounding pass."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.engines.liveportrait.fast.proof import Proof, prove, trial_faces
from streamer.parameters import PARAMETERS, neutral_face

Pictures = dict[str, NDArray[np.uint8]]


def pictures() -> Pictures:
    """Four pictures, soft and different as faces are: a bright disc that moves and grows."""
    y, x = np.mgrid[0:96, 0:96].astype(np.float32)
    found = {}
    for i, name in enumerate(trial_faces(neutral_face(eye_ratio=0.35, lip_ratio=0.0))):
        disc = 180 * np.exp(-((x - 40 - 6 * i) ** 2 + (y - 48) ** 2) / (300.0 + 60 * i))
        found[name] = np.stack((disc + 40, disc * 0.7 + 30, disc * 0.4 + 20), -1).astype(np.uint8)
    return found


def spoilt(how: str) -> tuple[Pictures, str]:
    """Pictures with a fault, and what is to be told of it."""
    right = pictures()
    names = list(right)
    if how == "black":
        return {n: np.zeros_like(p) for n, p in right.items()}, "neutral: PSNR"
    if how == "not a number":
        broken = {n: p.astype(np.float32) for n, p in right.items()}
        broken["mouth open"][3, 4, 1] = np.nan
        return broken, "mouth open: not finite"  # type: ignore[return-value]
    if how == "swapped channels":
        return {n: p[..., ::-1] for n, p in right.items()}, "neutral: PSNR"
    if how == "permuted batch":
        turned = [*names[1:], names[0]]
        return {n: right[other] for n, other in zip(names, turned, strict=True)}, "neutral: PSNR"
    if how == "two of a batch permuted":
        return right | {"smile": right["mouth open"], "mouth open": right["smile"]}, "smile: PSNR"
    if how == "stale buffer":
        return dict.fromkeys(names, right["neutral"]), "smile: PSNR"
    if how == "upside down":
        return {n: p[::-1] for n, p in right.items()}, "neutral: PSNR"
    if how == "another size":
        return {n: p[::2] for n, p in right.items()}, "instead of (96, 96, 3)"
    assert how == "one is missing"
    return {n: p for n, p in right.items() if n != "smile"}, "smile: no picture"


@pytest.mark.parametrize(
    "how",
    [
        "black",
        "not a number",
        "swapped channels",
        "permuted batch",
        "two of a batch permuted",
        "stale buffer",
        "upside down",
        "another size",
        "one is missing",
    ],
)
def test_a_fault_is_refused_with_form_measure_and_value(how: str) -> None:
    drawn, told = spoilt(how)

    proof = prove("fp16 graph", pictures(), drawn)

    assert not proof.passed
    assert str(proof).startswith("fp16 graph was refused: ")
    assert told in str(proof)


def test_the_same_pictures_pass() -> None:
    proof = prove("fp16", pictures(), pictures())

    assert proof.passed
    assert (proof.psnr_db, proof.away) == (np.inf, 0.0)
    assert "was refused" not in str(proof)


def noisy(sigma: float) -> Proof:
    rng = np.random.default_rng(3)
    drawn = {n: p + rng.normal(0.0, sigma, p.shape) for n, p in pictures().items()}
    return prove("fp16", pictures(), drawn)


def test_noise_passes_just_inside_the_limit_and_not_just_outside() -> None:
    # 45 dB are a standard deviation of 255 / 10 ** (45 / 20) = 1.434 grey levels; 99 of 100 values
    # are within 2.58 of those, 3.7 levels, so the percentile is the stricter one: 3 / 2.576.
    inside, outside = noisy(1.14), noisy(1.19)

    assert inside.passed
    assert inside.psnr_db > 46
    assert not outside.passed
    assert "99th percentile is 3.0" in outside.reason


def test_few_large_errors_are_caught_by_the_psnr() -> None:
    def with_blocks(side: int) -> Proof:
        drawn = pictures()
        for picture in drawn.values():
            picture[:side, :side] += 60
        return prove("fp16", pictures(), drawn)

    assert with_blocks(2).passed
    refused = with_blocks(6)
    assert refused.away <= 3
    assert "dB, 45 are needed" in refused.reason


def test_the_faces_of_the_trial_are_different_and_in_range() -> None:
    rest = neutral_face(eye_ratio=0.35, lip_ratio=0.02)
    faces = trial_faces(rest)

    assert list(faces) == ["neutral", "smile", "mouth open", "turned head"]
    assert faces["neutral"] == rest
    assert len({tuple(face.values()) for face in faces.values()}) == 4
    for face in faces.values():
        assert face.keys() == PARAMETERS.keys()
        assert all(PARAMETERS[n].low <= v <= PARAMETERS[n].high for n, v in face.items())
