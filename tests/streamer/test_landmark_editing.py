"""Points of a face corrected: whose they are, where they are written, what is never lost."""

import copy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streamer import PhotoError
from streamer.engines.warp.locate import locate
from streamer.landmark_editing import FOUND_BY, LandmarkEditing
from streamer.photo import read_photo
from streamer.photo_library import PhotoLibrary
from streamer.resources import shipped, user_folder

PUPILS = (219.1, 260.6), (293.0, 264.0)  # near Mona Lisa's


@pytest.fixture
def own() -> Path:
    return user_folder("photos")


@pytest.fixture
def editing(own: Path) -> LandmarkEditing:
    return LandmarkEditing(PhotoLibrary([shipped("photo")], own))


@pytest.fixture
def mine(own: Path) -> Path:
    """A photo of the user's own, of a face that has no file of points."""
    own.mkdir(parents=True)
    path = own / "me.jpg"
    shutil.copy(shipped("photo") / "mona-lisa.jpg", path)
    return path


@pytest.fixture
def wall(own: Path) -> Path:
    own.mkdir(parents=True, exist_ok=True)
    path = own / "wall.png"
    noise = np.random.default_rng(3).integers(90, 120, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def moved(document: dict[str, Any], by: float = 2.0) -> dict[str, Any]:
    document = copy.deepcopy(document)
    document["mouth"]["corner_l"][0] -= by
    return document


def test_a_shipped_photo_has_the_program_s_points(editing: LandmarkEditing) -> None:
    marked = editing.read("mona-lisa")

    assert marked.source == "shipped"
    assert marked.document is not None
    assert marked.document["image"] == {"width": 602, "height": 602}
    assert marked.document["eye_l"]["iris"] == [219.1, 260.6]


def test_points_for_a_shipped_photo_are_the_users_own_file_and_hold_from_then_on(
    editing: LandmarkEditing, own: Path
) -> None:
    before = editing.read("mona-lisa").document
    assert before is not None

    path, aside = editing.save("mona-lisa", moved(before))
    marked = editing.read("mona-lisa")

    assert aside is None
    assert path.parent == own / "landmarks"
    assert marked.source == "yours"
    assert marked.document == {**moved(before), "found_by": FOUND_BY}
    photo = read_photo(shipped("photo") / "mona-lisa.jpg")
    corner = locate(photo).mouth.corner_l
    assert corner[0] == pytest.approx(before["mouth"]["corner_l"][0] - 2.0)
    assert editing.forget("mona-lisa")
    assert editing.read("mona-lisa").source == "shipped"
    assert not editing.forget("mona-lisa")
    assert (shipped("photo") / "mona-lisa.landmarks.yaml").is_file()


def test_points_for_an_own_photo_lie_beside_it_in_the_command_s_format(
    editing: LandmarkEditing, mine: Path
) -> None:
    found = editing.read("me")
    assert found.source == "found"
    assert found.document is not None

    path, _ = editing.save("me", moved(found.document))

    assert path == mine.with_name("me.landmarks.yaml")
    assert path.read_text(encoding="utf-8").startswith("# Written by Living Portrait.")
    assert editing.read("me").source == "yours"
    anew = editing.read("me", anew=True)
    assert (anew.source, anew.document) == ("found", found.document)
    assert editing.forget("me")
    assert not path.exists()


def test_a_file_that_a_person_wrote_is_moved_aside_and_never_lost(
    editing: LandmarkEditing, mine: Path
) -> None:
    document = editing.read("me").document
    assert document is not None
    path, _ = editing.save("me", document)
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    edited = path.read_bytes()

    _, aside = editing.save("me", moved(document))
    path.write_text(path.read_text(encoding="utf-8") + "# mine again\n", encoding="utf-8")
    assert editing.forget("me")

    assert aside == mine.with_name("me.landmarks.old-1.yaml")
    assert aside.read_bytes() == edited
    assert mine.with_name("me.landmarks.old-2.yaml").read_text("utf-8").endswith("# mine again\n")
    assert not path.exists()


def test_where_no_face_is_found_two_pupils_are_enough(editing: LandmarkEditing, wall: Path) -> None:
    nothing = editing.read("wall")
    assert (nothing.source, nothing.document) == ("none", None)
    assert "No face was found" in nothing.problem
    assert "living-portrait landmarks" not in nothing.problem  # no command line on the page

    document = editing.from_pupils("wall", (180, 100), (120, 102))

    assert document["eye_l"]["iris"] == [120.0, 102.0]
    assert document["eye_r"]["iris"] == [180.0, 100.0]
    assert editing.checked("wall", document) == document
    editing.save("wall", document)
    assert editing.read("wall").source == "yours"


def test_part_of_the_points_is_completed(editing: LandmarkEditing, wall: Path) -> None:
    part = {
        "version": 1,
        "image": {"width": 320, "height": 240},
        "eye_l": {"iris": [120, 102]},
        "eye_r": {"iris": [180, 100]},
    }

    document = editing.checked("wall", part)

    assert document["mouth"]["corner_l"][0] < document["mouth"]["corner_r"][0]


@pytest.mark.parametrize(
    ("group", "key", "value", "said"),
    [
        ("eye_l", "iris", [400.0, 260.0], "eye_l.iris lies to the right of eye_r.iris"),
        ("mouth", "corner_l", [9999.0, 1.0], "mouth.corner_l lies at"),
        ("nose", "tip", "here", "nose.tip is 'here'; expected"),
        ("nose", "top", [1.0, 2.0], "nose.top is not known"),
        ("eye_r", "iris_r", -1, "eye_r.iris_r is -1; it must be above 0"),
    ],
)
def test_what_is_wrong_is_said_in_the_readers_own_words_and_nothing_is_written(
    editing: LandmarkEditing, own: Path, group: str, key: str, value: Any, said: str
) -> None:
    document = editing.read("mona-lisa").document
    assert document is not None
    document[group][key] = value

    for attempt in (editing.checked, editing.save):
        with pytest.raises(PhotoError, match=said) as told:
            attempt("mona-lisa", document)
        assert str(told.value).startswith("mona-lisa.landmarks.yaml: ")
    assert not (own / "landmarks").exists()


def test_points_that_no_face_can_be_drawn_with_are_refused(
    editing: LandmarkEditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = editing.read("mona-lisa").document
    assert document is not None

    def impossible(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("streamer.landmark_editing.WarpEngine.stage", impossible)

    with pytest.raises(PhotoError, match="No face can be drawn with these points"):
        editing.save("mona-lisa", document)


def test_an_own_file_that_is_wrong_is_told_and_can_be_given_up(
    editing: LandmarkEditing, mine: Path
) -> None:
    mine.with_name("me.landmarks.yaml").write_text("version: 2")

    marked = editing.read("me")

    assert (marked.source, marked.document) == ("yours", None)
    assert "version is 2" in marked.problem
    assert editing.forget("me")
    assert editing.read("me").source == "found"
    assert mine.with_name("me.landmarks.old-1.yaml").read_text() == "version: 2"


def test_points_are_tried_without_being_written(editing: LandmarkEditing, own: Path) -> None:
    from dataclasses import replace

    document = editing.read("mona-lisa").document
    assert document is not None
    photo = editing.photo("mona-lisa")

    tried = locate(replace(photo, marked=moved(document)))

    assert tried.mouth.corner_l[0] == pytest.approx(locate(photo).mouth.corner_l[0] - 2.0)
    assert not (own / "landmarks").exists()
