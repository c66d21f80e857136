"""Which face is found in a photo, by whom."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.sessions import FaceModels
from streamer.engines.warp.locate import is_marked, locate
from streamer.engines.warp.sidecar_writer import document_of
from streamer.errors import NoFaceError, PhotoError
from streamer.photo import Photo, read_photo
from tests.golden.recompute import Canned
from tests.streamer.engines.liveportrait.stand_ins import Echo
from tests.streamer.engines.liveportrait.test_faces import outputs

pytestmark = pytest.mark.neural

PHOTOS = Path(__file__).parents[4] / "photo"


@pytest.fixture(scope="module")
def mona() -> Photo:
    return read_photo(PHOTOS / "mona-lisa.jpg")


def test_without_any_way_to_find_a_face_the_command_is_told(mona: Photo) -> None:
    with pytest.raises(PhotoError, match="living-portrait weights fetch"):
        LivePortraitEngine(Echo()).open(mona)


def models(found: list[Any]) -> FaceModels:
    """Models that answer these boxes, and landmarks strewn over them."""
    rng = np.random.default_rng(1)
    spread = rng.normal(0, 0.05, (203, 2))
    unused = np.zeros((1, 1), np.float32)
    points_203 = (0.5 + spread).astype(np.float32).reshape(1, 406)
    points_106 = rng.normal(0, 0.3, (1, 212)).astype(np.float32)
    return FaceModels(
        detector=Canned(outputs(*found), "input.1"),
        points_106=Canned([points_106], "data"),
        points_203=Canned([unused, unused, points_203], "input"),
        provider="CPUExecutionProvider",
    )


ONE = (32, 8, 6, 0.8, (2, 3, 2, 3))
OTHER = (16, 4, 4, 0.9, (1, 1, 1, 1))


def test_the_largest_face_is_taken_and_another_one_on_request(mona: Photo) -> None:
    def crop_of(face: int) -> np.ndarray:
        engine = LivePortraitEngine(Echo(), faces=models([ONE, OTHER]), face=face)
        portrait = engine.open(mona)
        assert portrait.notes == ("face found by the face models",)
        return portrait.photo_from_crop

    assert abs(crop_of(0)[0, 0]) > 2 * abs(crop_of(1)[0, 0])


@pytest.mark.parametrize(
    ("found", "face", "told"),
    [([], 0, "No face was found"), ([ONE], 1, r"shows 1 face\(s\); face 2 was asked for")],
)
def test_a_missing_face_is_told(mona: Photo, found: list[Any], face: int, told: str) -> None:
    engine = LivePortraitEngine(Echo(), faces=models(found), face=face)

    with pytest.raises(PhotoError, match=told):
        engine.open(mona)


def test_named_points_are_refined_where_the_203_model_is_there(mona: Photo) -> None:
    alone = replace(models([]), detector=None, points_106=None)
    engine = LivePortraitEngine(Echo(), faces=alone, locate=locate)

    portrait = engine.open(mona)

    assert "refined by the 203 landmarks" in portrait.notes[0]


def test_points_that_the_user_marked_come_before_the_face_models(mona: Photo) -> None:
    engine = LivePortraitEngine(Echo(), faces=models([]), locate=locate, marked=is_marked)
    document = document_of(locate(mona), mona)

    with pytest.raises(NoFaceError):
        engine.open(mona)
    portrait = engine.open(replace(mona, marked=document))

    assert "refined by the 203 landmarks" in portrait.notes[0]


def test_the_crop_from_named_points_has_the_face_in_its_middle(mona: Photo) -> None:
    portrait = LivePortraitEngine(Echo(), locate=locate).open(mona)

    crop_from_photo = np.linalg.inv(portrait.photo_from_crop)
    face = locate(mona).transformed(crop_from_photo)
    eyes = 0.5 * (face.eye_l.iris + face.eye_r.iris)
    assert eyes == pytest.approx([240, 245], abs=30)
    assert face.face.chin[1] == pytest.approx(425, abs=30)
    assert abs(face.eye_l.iris[1] - face.eye_r.iris[1]) < 25
