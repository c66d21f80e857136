"""Landmark files: exact round trips, strict reading, and never over a person's own work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.sidecar import (
    load_sidecar,
    sidecar_path,
)
from streamer.engines.warp.sidecar_writer import save_sidecar, written_by_program
from streamer.errors import PhotoError
from streamer.photo import Photo
from tests.streamer.engines.warp.faces import PORTRAITS, portrait, scaled


@pytest.fixture
def sample() -> tuple[Photo, Landmarks]:
    return portrait("sample-image.png")


@pytest.fixture
def document(sample: tuple[Photo, Landmarks]) -> dict[str, Any]:
    text = sidecar_path(sample[0].path).read_text(encoding="utf-8")
    return yaml.safe_load(text)


def load(tmp_path: Path, photo: Photo, document: Any) -> Any:
    path = tmp_path / "x.landmarks.yaml"
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    path.write_text(text, encoding="utf-8")
    return load_sidecar(path, photo)


def put(document: dict[str, Any], key: str, value: Any) -> None:
    *groups, last = key.split(".")
    for group in groups:
        document = document.setdefault(group, {})
    document[last] = value


def all_points(face: Landmarks) -> np.ndarray:
    parts = [face.brow_l, face.brow_r]
    for group in (face.eye_l, face.eye_r, face.nose, face.mouth, face.face):
        parts += [np.atleast_2d(v) for v in vars(group).values() if isinstance(v, np.ndarray)]
    return np.vstack(parts)


@pytest.mark.parametrize("file", PORTRAITS)
def test_what_is_written_reads_back_the_same(tmp_path: Path, file: str) -> None:
    photo, face = portrait(file)
    face = replace(face, photo_expression={"smile": 0.25}, glasses=True, head=0.5)
    path = tmp_path / "a.landmarks.yaml"

    save_sidecar(path, face, photo)
    again = load_sidecar(path, photo).landmarks()

    assert np.abs(all_points(again) - all_points(face)).max() <= 0.0051
    assert again.photo_expression == {"smile": 0.25}
    assert (again.glasses, again.teeth, again.head) == (True, face.teeth, 0.5)
    assert again.found_by == face.found_by


def test_both_shipped_sidecars_are_complete() -> None:
    for file in PORTRAITS:
        photo, _ = portrait(file)
        assert load_sidecar(sidecar_path(photo.path), photo).missing == ()


def test_a_picture_of_another_size_scales_the_points(
    tmp_path: Path, sample: tuple[Photo, Landmarks], document: dict[str, Any]
) -> None:
    photo, face = sample
    image, matrix = scaled(photo.image, 1.5)
    larger = replace(photo, image=image, size_in_file=(768, 768))

    found = load(tmp_path, larger, document).landmarks()

    assert np.allclose(all_points(found), all_points(face.transformed(matrix)))
    assert found.eye_l.iris_r == pytest.approx(1.5 * face.eye_l.iris_r)


def test_a_reduced_picture_keeps_the_points_of_its_file(
    tmp_path: Path, sample: tuple[Photo, Landmarks]
) -> None:
    photo, face = sample
    image, matrix = scaled(photo.image, 0.5)
    reduced = replace(photo, image=image)  # size_in_file stays 512 x 512

    save_sidecar(tmp_path / "a.landmarks.yaml", face.transformed(matrix), reduced)

    text = (tmp_path / "a.landmarks.yaml").read_text(encoding="utf-8")
    assert "image: {width: 512, height: 512}" in text
    found = load_sidecar(tmp_path / "a.landmarks.yaml", photo).landmarks()
    assert np.abs(all_points(found) - all_points(face)).max() <= 0.0051


def test_a_cut_picture_is_refused(
    tmp_path: Path, sample: tuple[Photo, Landmarks], document: dict[str, Any]
) -> None:
    photo = replace(sample[0], image=sample[0].image[:300], size_in_file=(512, 300))

    with pytest.raises(PhotoError, match=r"x\.landmarks\.yaml: image says 512 x 512.*512 x 300"):
        load(tmp_path, photo, document)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("eye_l.iris", [float("nan"), 3.0], "eye_l.iris is nan; expected a finite number"),
        ("eye_l.iris", [float("inf"), 3.0], "finite"),
        ("eye_l.iris", [10**400, 3.0], "finite"),
        ("eye_l.iris", [1.0], "expected .x, y."),
        ("eye_l.iris", "12, 13", "expected .x, y."),
        ("eye_l.iris", [True, 3.0], "expected a number"),
        ("eye_l.iris", ["12", 3.0], "expected a number"),
        ("eye_l.iris", [300.0, 100.4], "right of eye_r.iris"),
        ("eye_l.outer", [230.0, 100.4], "right of eye_l.inner"),
        ("eye_l.iris_r", 0.0, "eye_l.iris_r is 0; it must be above 0"),
        ("eye_l.iris_r", -3.7, "above 0"),
        ("eye_r.upper", [[251.4, 120.0], [247.8, 121.0], [244.2, 120.0]], "below eye_r.lower"),
        ("eye_r.upper", [[1, 2], [3, 4]], "three points"),
        ("mouth.corner_l", [250.0, 139.0], "right of mouth.corner_r"),
        ("face.crown", [226.0, -140.0], "face.crown lies at .226, -140., too far outside"),
        ("face.crown", [700.0, 15.0], "too far outside"),
        ("face.ear", [1.0, 2.0], "face.ear is not known"),
        ("colour", "red", "colour is not known"),
        ("eye_l", [1, 2], "eye_l must hold named values"),
        ("version", 2, "version is 2"),
        ("image.width", 0, "image.width is 0"),
        ("image.height", None, "image.height is None"),
        ("flags.teeth", "yes", "flags.teeth is 'yes'; write true or false"),
        ("flags.wings", True, "flags.wings is not known"),
        ("photo_expression", {"joy": 1.0}, "photo_expression.joy is not known"),
        ("photo_expression", {"smile": "much"}, "expected a number"),
        ("framing.head", 3.0, "framing.head is 3; it must be 0.1 to 1"),
        ("found_by", ["me"], "few words"),
    ],
)
def test_a_wrong_value_is_refused_with_file_and_key(
    tmp_path: Path,
    sample: tuple[Photo, Landmarks],
    document: dict[str, Any],
    key: str,
    value: Any,
    says: str,
) -> None:
    put(document, key, value)

    with pytest.raises(PhotoError, match=says) as caught:
        load(tmp_path, sample[0], document)

    assert "x.landmarks.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["a: [", "- just\n- a list", "", "\0", "!!python/object/apply:os.system ['true']",
     "x: &a [1]\ny: *b", "a: 1\n" * 40000, "[" * 5000],
)  # fmt: skip
def test_what_is_no_sidecar_is_refused(
    tmp_path: Path, sample: tuple[Photo, Landmarks], text: str
) -> None:
    with pytest.raises(PhotoError, match=r"x\.landmarks\.yaml"):
        load(tmp_path, sample[0], text)


def test_a_partial_file_names_what_is_missing_and_is_completed(
    tmp_path: Path, sample: tuple[Photo, Landmarks], document: dict[str, Any]
) -> None:
    photo, face = sample
    del document["nose"], document["eye_l"]["iris_r"], document["brow_r"]
    document["eye_r"]["iris"] = [247.0, 103.0]

    marks = load(tmp_path, photo, document)
    whole = marks.landmarks(face)

    assert marks.missing == (
        "nose.tip", "nose.base", "nose.wing_l", "nose.wing_r", "brow_r", "eye_l.iris_r",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"nose\.tip"):
        marks.landmarks()
    assert whole.eye_r.iris.tolist() == [247.0, 103.0]
    assert np.array_equal(whole.nose.tip, face.nose.tip)
    assert whole.found_by == "sidecar, completed by sidecar"


def test_a_file_written_by_a_person_is_never_overwritten(
    tmp_path: Path, sample: tuple[Photo, Landmarks], document: dict[str, Any]
) -> None:
    photo, face = sample
    path = tmp_path / "x.landmarks.yaml"
    load(tmp_path, photo, document)
    before = path.read_bytes()

    with pytest.raises(PhotoError, match="by hand"):
        save_sidecar(path, face, photo)

    assert path.read_bytes() == before


def test_a_written_file_may_be_renewed_until_somebody_edits_it(
    tmp_path: Path, sample: tuple[Photo, Landmarks]
) -> None:
    photo, face = sample
    path = tmp_path / "x.landmarks.yaml"
    save_sidecar(path, face, photo)
    save_sidecar(path, replace(face, teeth=False), photo)
    assert written_by_program(path)

    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("teeth: false", "teeth: true"), encoding="utf-8")

    assert not written_by_program(path)
    with pytest.raises(PhotoError, match="by hand"):
        save_sidecar(path, face, photo)
    assert list(tmp_path.iterdir()) == [path]  # no half-written file is left
