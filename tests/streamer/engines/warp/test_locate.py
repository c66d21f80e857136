"""The order of trust: sidecar, cache, detection; and what happens when none yields a face."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer.engines.warp import locate as module
from streamer.engines.warp.locate import from_pupils, locate
from streamer.engines.warp.show_landmarks import show_landmarks
from streamer.engines.warp.sidecar import sidecar_path
from streamer.engines.warp.sidecar_writer import save_sidecar
from streamer.errors import PhotoError
from streamer.photo import read_photo
from streamer.resources import shipped
from tests.streamer.engines.warp.faces import (
    PORTRAITS,
    alone,
    errors_u,
    portrait,
    scaled,
    with_image,
)


class NoFinder:
    """Stands where detection must not happen."""

    def __init__(self) -> None:
        raise AssertionError("detection was not needed")


@pytest.mark.parametrize("file", PORTRAITS)
def test_a_sidecar_is_believed_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(module, "FaceFinder", NoFinder)
    photo, truth = portrait(file)

    found = locate(photo, cache_dir=tmp_path)

    assert found.found_by == "sidecar"
    assert np.array_equal(found.eye_l.iris, truth.eye_l.iris)
    assert list(tmp_path.iterdir()) == []


def test_detection_happens_once_per_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = alone(portrait("mona-lisa.jpg")[0], tmp_path)
    cache = tmp_path / "deep" / "cache"

    first = locate(photo, cache_dir=cache)
    monkeypatch.setattr(module, "FaceFinder", NoFinder)
    again = locate(photo, cache_dir=cache)

    assert first.found_by == again.found_by == "detection"
    assert again.mouth.corner_l == pytest.approx(first.mouth.corner_l, abs=0.006)
    with pytest.raises(AssertionError):  # another picture is not this one
        locate(with_image(photo, photo.image, key="other"), cache_dir=cache)


@pytest.mark.parametrize("damage", ["", "version: 1\n", "a: [", "version: 99\n"])
def test_a_damaged_cache_file_is_replaced(tmp_path: Path, damage: str) -> None:
    photo = alone(portrait("mona-lisa.jpg")[0], tmp_path)
    locate(photo, cache_dir=tmp_path / "c")
    (file,) = (tmp_path / "c").iterdir()
    good = file.read_text(encoding="utf-8")
    file.write_text(damage, encoding="utf-8")

    assert locate(photo, cache_dir=tmp_path / "c").found_by == "detection"
    assert file.read_text(encoding="utf-8") == good


def test_a_cache_folder_that_cannot_be_made_costs_nothing_else(tmp_path: Path) -> None:
    photo = alone(portrait("mona-lisa.jpg")[0], tmp_path)
    (tmp_path / "file").write_text("in the way")

    assert locate(photo, cache_dir=tmp_path / "file" / "cache").found_by == "detection"


def test_a_partial_sidecar_is_completed_around_its_own_pupils(tmp_path: Path) -> None:
    _, truth = portrait("mona-lisa.jpg")
    picture = tmp_path / "mona.jpg"
    shutil.copy(shipped("photo") / "mona-lisa.jpg", picture)
    text = "version: 1\neye_l: {iris: [219.1, 260.6]}\neye_r: {iris: [313, 259.3]}\n"
    sidecar_path(picture).write_text(text + "flags: {beard: true}\n", encoding="utf-8")

    found = locate(read_photo(picture), cache_dir=tmp_path / "c")

    assert found.eye_l.iris == pytest.approx([219.1, 260.6])
    assert found.beard
    assert found.found_by == "sidecar, completed by pupils"
    assert errors_u(found, truth)["line"] < 0.035


def test_a_partial_sidecar_without_pupils_is_completed_by_detection(tmp_path: Path) -> None:
    picture = tmp_path / "mona.jpg"
    shutil.copy(shipped("photo") / "mona-lisa.jpg", picture)
    sidecar_path(picture).write_text("version: 1\nface: {chin: [263, 430]}\n", encoding="utf-8")

    found = locate(read_photo(picture), cache_dir=tmp_path / "c")

    assert found.face.chin.tolist() == [263.0, 430.0]
    assert found.found_by == "sidecar, completed by detection"


def test_a_partial_sidecar_of_a_picture_without_a_face_says_what_to_add(tmp_path: Path) -> None:
    picture = tmp_path / "blank.png"
    Image.new("RGB", (200, 200), "white").save(picture)
    sidecar_path(picture).write_text("version: 1\nface: {chin: [100, 150]}\n", encoding="utf-8")

    with pytest.raises(PhotoError, match=r"blank\.landmarks\.yaml.*Add eye_l\.iris"):
        locate(read_photo(picture), cache_dir=tmp_path / "c")


def test_no_face_is_refused_with_advice(tmp_path: Path) -> None:
    picture = tmp_path / "blank.png"
    Image.new("RGB", (200, 200), "white").save(picture)

    with pytest.raises(PhotoError, match=r"No face.*blank\.png.*better lit.*--eyes X,Y X,Y"):
        locate(read_photo(picture), cache_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["blank.png"]


@pytest.mark.parametrize(("turns", "says"), [(1, "90 degrees clockwise"), (2, "180"), (3, "count")])
def test_a_picture_on_its_side_says_how_to_turn_it(tmp_path: Path, turns: int, says: str) -> None:
    photo = portrait("mona-lisa.jpg")[0]
    small, _ = scaled(photo.image, 0.5)
    lying = with_image(photo, np.ascontiguousarray(np.rot90(small, turns)))

    with pytest.raises(PhotoError, match=says):
        locate(lying, cache_dir=tmp_path)


def test_one_of_several_faces_can_be_chosen(tmp_path: Path) -> None:
    left, right = (portrait(file)[0] for file in PORTRAITS)
    pair = np.full((602, 512 + 602, 3), 90, np.uint8)
    pair[:512, :512] = left.image
    pair[:, 512:] = right.image
    photo = with_image(left, pair, key="pair")

    faces = [locate(photo, face=k, cache_dir=tmp_path) for k in (0, 1)]

    assert [face.found_by for face in faces] == [
        "detection, face 1 of 2",
        "detection, face 2 of 2",
    ]
    assert abs(faces[0].eye_l.iris[0] - faces[1].eye_l.iris[0]) > 400
    for wrong in (2, -1):
        with pytest.raises(PhotoError, match=r"shows 2 faces; there is no face -?\d"):
            locate(photo, face=wrong, cache_dir=tmp_path)


@pytest.mark.parametrize("file", PORTRAITS)
def test_two_clicks_on_the_pupils_are_enough(file: str) -> None:
    photo, truth = portrait(file)
    left, right = (tuple(map(float, eye.iris)) for eye in (truth.eye_l, truth.eye_r))

    found = from_pupils(photo, right, left)  # in either order

    errors = errors_u(found, truth)
    assert errors["iris"] < 1e-6
    assert errors["line"] < 0.035
    assert errors["corners"] < 0.05
    assert found.found_by == "pupils"


def test_marked_mouth_corners_are_taken_as_they_are() -> None:
    photo, truth = portrait("mona-lisa.jpg")
    corners = ((230.0, 369.0), (297.0, 368.0))

    found = from_pupils(photo, (219.0, 260.0), (313.0, 259.0), corners)

    assert found.mouth.corner_l == pytest.approx(corners[0])
    assert found.mouth.corner_r == pytest.approx(corners[1])
    assert errors_u(found, truth)["line"] < 0.05


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        ((10.0, 10.0), (15.0, 12.0), "only 5 px apart"),
        ((-3.0, 10.0), (90.0, 12.0), "outside the picture of 602 x 602"),
        ((10.0, 10.0), (602.0, 12.0), "outside"),
        ((float("nan"), 10.0), (90.0, 12.0), "outside"),
    ],
)
def test_impossible_pupils_are_refused(
    left: tuple[float, float], right: tuple[float, float], says: str
) -> None:
    with pytest.raises(PhotoError, match=says):
        from_pupils(portrait("mona-lisa.jpg")[0], left, right)


def test_pupils_in_a_picture_without_a_face_still_give_a_face() -> None:
    photo = with_image(portrait("mona-lisa.jpg")[0], np.full((300, 400, 3), 180, np.uint8))

    found = from_pupils(photo, (150.0, 120.0), (250.0, 122.0))

    assert found.unit == pytest.approx(100.02, abs=0.01)
    assert "please check" in found.found_by
    assert found.mouth.corner_l[0] < found.mouth.corner_r[0]
    assert found.face.chin[1] > found.mouth.lower_out[1, 1]


def test_pupils_saved_as_a_sidecar_are_read_back(tmp_path: Path) -> None:
    picture = tmp_path / "mona.jpg"
    shutil.copy(shipped("photo") / "mona-lisa.jpg", picture)
    photo = read_photo(picture)
    marked = from_pupils(photo, (219.0, 260.0), (313.0, 259.0))

    save_sidecar(sidecar_path(picture), marked, photo)

    assert locate(photo).eye_l.iris == pytest.approx([219.0, 260.0], abs=0.006)


def test_the_landmarks_are_shown_on_enlargements() -> None:
    photo, face = portrait("sample-image.png")

    sheet = show_landmarks(photo, face)

    assert sheet.dtype == np.uint8
    assert sheet.shape[1] == 1200
    assert sheet.shape[0] > 1200
    assert np.abs(sheet.astype(int) - show_landmarks(photo, portrait(PORTRAITS[0])[1])).max() == 0
