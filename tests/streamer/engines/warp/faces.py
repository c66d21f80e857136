"""The shipped portraits with their hand-measured points, changed in known ways."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp.landmarks import Eye, Landmarks
from streamer.engines.warp.show_landmarks import smooth
from streamer.engines.warp.sidecar import load_sidecar, sidecar_path
from streamer.engines.warp.template import photo_from_face
from streamer.geometry import Matrix, apply, inverse, scaling_about_edges, similarity
from streamer.photo import Photo, read_photo
from streamer.resources import shipped
from streamer.view import Frame

PORTRAITS = ("sample-image.png", "mona-lisa.jpg")


def portrait(file: str) -> tuple[Photo, Landmarks]:
    photo = read_photo(shipped("photo") / file)
    return photo, load_sidecar(sidecar_path(photo.path), photo).landmarks()


def alone(photo: Photo, folder: Path) -> Photo:
    """The same picture, with no sidecar beside it."""
    return replace(photo, path=folder / photo.path.name)


def with_image(photo: Photo, image: Frame, key: str = "") -> Photo:
    return replace(
        photo,
        image=image,
        size_in_file=(image.shape[1], image.shape[0]),
        key=key or photo.key,
        path=Path("/nowhere") / photo.path.name,
    )


def scaled(image: Frame, factor: float) -> tuple[Frame, Matrix]:
    h, w = image.shape[:2]
    size = (round(w * factor), round(h * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    drawn = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    return drawn, scaling_about_edges(size[0] / w, size[1] / h)


def turned(image: Frame, degrees: float) -> tuple[Frame, Matrix]:
    h, w = image.shape[:2]
    middle = np.array([(w - 1) / 2, (h - 1) / 2])
    turn = similarity(1.0, degrees=degrees)
    shift = middle - apply(turn, middle)
    matrix = similarity(1.0, *shift) @ turn
    drawn = cv2.warpAffine(
        image, matrix[:2], (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.uint8), matrix


def with_gamma(image: Frame, gamma: float) -> Frame:
    return np.asarray(np.rint(255 * (image / 255.0) ** (1 / gamma)), np.uint8)


def noisy(image: Frame, sigma: float) -> Frame:
    noise = np.random.default_rng(3).normal(0, sigma, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def mirrored(image: Frame, face: Landmarks) -> tuple[Frame, Landmarks]:
    flip = np.array([[-1.0, 0, image.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
    f = face.transformed(flip)
    m, o = f.mouth, f.face
    swapped = replace(
        f,
        eye_l=f.eye_r,
        eye_r=f.eye_l,
        brow_l=f.brow_r,
        brow_r=f.brow_l,
        mouth=replace(
            m,
            corner_l=m.corner_r,
            corner_r=m.corner_l,
            upper_in=m.upper_in[::-1],
            lower_in=m.lower_in[::-1],
            upper_out=m.upper_out[::-1],
            lower_out=m.lower_out[::-1],
        ),
        face=replace(o, jaw_l=o.jaw_r, jaw_r=o.jaw_l, cheek_l=o.cheek_r, cheek_r=o.cheek_l),
    )
    return np.ascontiguousarray(image[:, ::-1]), swapped


def errors_u(found: Landmarks, truth: Landmarks) -> dict[str, float]:
    """How far off each part is at most, in u of the truth."""
    to_face = inverse(photo_from_face(truth.eye_l.iris, truth.eye_r.iris))
    a, b = found.transformed(to_face), truth.transformed(to_face)
    pairs = ((a.eye_l, b.eye_l), (a.eye_r, b.eye_r))
    across = np.linspace(-0.2, 0.2, 9)
    return {
        "iris": max(distance(p.iris, q.iris) for p, q in pairs),
        "lids": max(float(np.abs(lids(p, q) - lids(q, q)).max()) for p, q in pairs),
        "corners": max(
            distance(a.mouth.corner_l, b.mouth.corner_l),
            distance(a.mouth.corner_r, b.mouth.corner_r),
        ),
        "line": float(np.abs(line(a, "upper_in", across) - line(b, "upper_in", across)).max()),
        "lower": float(np.abs(line(a, "lower_in", across) - line(b, "lower_in", across)).max()),
        "chin": distance(a.face.chin, b.face.chin),
        "nose": max(distance(a.nose.tip, b.nose.tip), distance(a.nose.base, b.nose.base)),
    }


def distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    return float(np.hypot(*(p - q)))


def lids(eye: Eye, at: Eye) -> NDArray[np.float64]:
    """Height of both lid margins above the iris of ``at``."""
    heights = []
    for margin in (eye.upper, eye.lower):
        curve = smooth(np.vstack([eye.outer, margin, eye.inner]))
        curve = curve[np.argsort(curve[:, 0])]
        heights.append(np.interp(at.iris[0], curve[:, 0], curve[:, 1]))
    return np.array(heights)


def line(face: Landmarks, name: str, across: NDArray[np.float64]) -> NDArray[np.float64]:
    mouth = face.mouth
    curve = smooth(np.vstack([mouth.corner_l, getattr(mouth, name), mouth.corner_r]))
    return np.interp(across, curve[:, 0], curve[:, 1])
