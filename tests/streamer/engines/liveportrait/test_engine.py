"""The engine from the outside: photo in, frames out, nothing broken ever shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.crop import input_of_crop
from streamer.engines.liveportrait.devices import DEVICES, Torch, look
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.guard import fault
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.portrait import NeuralPortrait
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.locate import locate
from streamer.errors import ConfigError, EngineError
from streamer.photo import Photo, read_photo
from streamer.view import Frame, View
from tests.streamer.engines.liveportrait.stand_ins import Echo, TinyModel, devices

pytestmark = pytest.mark.neural

PHOTOS = Path(__file__).parents[4] / "photo"


@pytest.fixture(scope="module")
def mona() -> Photo:
    return read_photo(PHOTOS / "mona-lisa.jpg")


def staged(model: Model, photo: Photo, view: View, **options: Any) -> tuple[NeuralScene, Frame]:
    """A scene, and the still photo in its view."""
    engine = LivePortraitEngine(model, locate=locate, **options)
    portrait = engine.open(photo)
    return engine.stage(portrait, view), still(portrait, view)


def still(portrait: NeuralPortrait, view: View) -> Frame:
    image = portrait.photo.image
    frame_from_photo = view.frame_from_photo(image.shape[1], image.shape[0], portrait.framing)
    drawn = view.draw(image, frame_from_photo)
    return np.ascontiguousarray(drawn[:, ::-1]) if view.mirror else drawn


def test_synthetic_weights_draw_a_frame_in_the_crop_and_the_photo_stays_around_it(
    networks: Any, mona: Photo
) -> None:
    scene, around = staged(Model(networks).prepared(), mona, View(640, 360))

    frame = scene.render(scene.rest)

    assert frame.shape == (360, 640, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    moved = np.abs(frame.astype(int) - around).max(axis=2) > 0
    assert 0.2 < moved.mean() < 0.5  # the crop's square in a wide frame
    assert not moved[:, :100].any()
    assert scene.render(dict(scene.rest)) is frame


@pytest.mark.parametrize(
    "view",
    [
        View(640, 360),
        View(640, 360, mirror=True),
        View(640, 360, fit="contain", fill="#204060"),
        View(360, 640, fit="cover"),
        View(320, 240, fit="contain"),  # the crop at less than half its size
        View(1280, 720, zoom=1.6, offset_y=0.3),
    ],
    ids=str,
)
@pytest.mark.parametrize("device", devices())
def test_a_neutral_frame_shows_the_photo_and_no_seam_in_every_view(
    mona: Photo, view: View, device: str
) -> None:
    scene, photo = staged(Echo(device), mona, view)

    frame = scene.render(scene.rest)

    def soft(picture: Frame) -> np.ndarray:
        return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 3)

    away = np.abs(soft(frame) - soft(photo))
    assert away.mean() < 2
    assert np.percentile(away, 99.9) < 16  # edges that 256 px cannot hold


def test_where_the_crop_leaves_the_photo_the_background_stays(mona: Photo) -> None:
    height, width = mona.image.shape[:2]
    top, left, right = (int(v) for v in (0.12 * height, 0.28 * width, 0.72 * width))
    close = replace(
        mona,
        image=np.ascontiguousarray(mona.image[top : int(0.5 * height), left:right]),
        path=Path("close.jpg"),
    )
    face = locate(mona).transformed(np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]]))
    engine = LivePortraitEngine(Echo(), locate=lambda _: face)
    portrait = engine.open(close)
    view = View(640, 360, fit="contain", fill="#c0c0c0")
    scene = engine.stage(portrait, view)

    frame = scene.render(scene.rest)

    corners = portrait.photo_from_crop @ np.array([[0, 511], [0, 511], [1, 1]])
    assert corners.min() < 0  # the crop does leave the photo
    before = still(portrait, view)
    background = (before == 0xC0).all(axis=2)
    assert background.any()
    assert np.abs(frame.astype(int) - before)[background].max() <= 1


@pytest.mark.parametrize("device", devices())
def test_the_networks_neutral_frame_is_neither_black_nor_broken_on_any_device(
    mona: Photo, device: str
) -> None:
    model = TinyModel(device)
    engine = LivePortraitEngine(model.prepared(), locate=locate)
    scene = engine.stage(engine.open(mona), View(320, 180))

    frame = scene.render(scene.rest)

    assert scene.rest["eye_ratio"] > 0.1
    assert frame.mean() > 40
    assert frame[:, 90:230].std() > 5
    assert engine.parts["networks"].startswith(device)
    assert engine.parts["face"] == "cpu: the warp engine's landmarks"


@pytest.mark.parametrize(
    ("value", "told"),
    [(float("nan"), "not finite"), (float("inf"), "not finite"), (0.0, "dark"), (0.02, "dark")],
)
def test_a_bad_picture_is_an_error_and_the_next_good_one_is_drawn(
    mona: Photo, value: float, told: str
) -> None:
    model = Echo()
    scene, photo = staged(model, mona, View(640, 360))

    assert np.array_equal(scene.still, photo)
    model.value = value
    with pytest.raises(EngineError, match=told):
        scene.render(scene.rest)
    model.value = None
    good = scene.render(scene.rest)

    assert good.mean() == pytest.approx(photo.mean(), rel=0.05)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to ..."), "memory of cpu is full"),
        (RuntimeError("CUDA error: unspecified launch failure\nCompile with"), "launch failure$"),
    ],
)
def test_what_torch_reports_is_told_in_one_line(mona: Photo, error: Exception, told: str) -> None:
    model = TinyModel()
    scene, _ = staged(model, mona, View(320, 180))
    model.error = error

    with pytest.raises(EngineError, match=told):
        scene.render(scene.rest)


def test_the_guard_knows_a_dark_photo_from_a_black_picture() -> None:
    assert fault(np.full((1, 3, 8, 8), 0.03, np.float32), photo_mean=0.04) is None
    assert "dark" in str(fault(np.full((1, 3, 8, 8), 0.03, np.float32), photo_mean=0.4))
    one = np.full((1, 3, 8, 8), 0.5, np.float32)
    one[0, 1, 3, 3] = np.nan
    assert fault(one, photo_mean=0.5) == "not finite"


def test_without_paste_back_the_bare_crop_fills_the_frames_height(mona: Photo) -> None:
    model = Echo()
    scene, _ = staged(model, mona, View(640, 360, fill="#000000"), paste_back=False)
    still = scene.still.astype(int)

    frame = scene.render(scene.rest)

    assert np.abs(frame - still).mean() < 4  # the crop of the photo itself
    crop = (model.picture()[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    shown = cv2.resize(crop, (360, 360), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(frame[20:-20, 160:480].astype(int) - shown[20:-20, 20:340]).mean() < 3
    assert not frame[:, :120].any()


def test_a_photo_is_encoded_once_whatever_is_drawn(mona: Photo) -> None:
    model = Echo()
    scene, _ = staged(model, mona, View(640, 360))
    for smile in (0.1, 0.2, 0.3):
        scene.render(scene.rest | {"smile": smile})

    assert len(model.inputs) == 1


def test_a_large_photo_is_reduced_for_the_networks_and_drawn_from_the_whole(
    networks: Any, mona: Photo
) -> None:
    size = 3 * mona.image.shape[1], 3 * mona.image.shape[0]
    large = replace(mona, image=np.asarray(cv2.resize(mona.image, size), np.uint8))
    face = locate(mona)
    thrice = np.array([[3, 0, 1.0], [0, 3, 1.0], [0, 0, 1.0]])
    engine = LivePortraitEngine(Echo(), locate=lambda _: face.transformed(thrice))
    small = LivePortraitEngine(Echo(), locate=lambda _: face)

    wide, own = engine.open(large), small.open(mona)

    assert max(large.image.shape) > 1280
    assert np.allclose(wide.photo_from_crop[:2, :2], 3 * own.photo_from_crop[:2, :2], rtol=0.02)
    assert wide.framing.chin_y == pytest.approx(3 * own.framing.chin_y + 1, abs=1.0)


def test_a_closed_scene_refuses_to_draw(mona: Photo) -> None:
    scene, _ = staged(Echo(), mona, View(640, 360))
    scene.close()
    scene.close()

    with pytest.raises(EngineError, match="closed"):
        scene.render(scene.rest)


def test_a_portrait_of_another_engine_is_refused() -> None:
    with pytest.raises(TypeError, match="portrait of the liveportrait engine"):
        LivePortraitEngine(Echo()).stage(object(), View())  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused_and_auto_always_picks_one() -> None:
    here = look()

    assert here.version == torch.__version__
    assert here.pick("auto") == [*devices()[1:], "cpu"][0]
    with pytest.raises(ConfigError, match="Unknown device 'gpu'"):
        here.pick("gpu")
    for device in set(DEVICES) - {"auto", *devices()}:
        with pytest.raises(ConfigError, match="--device auto"):
            here.pick(device)


def test_the_best_accelerator_is_picked_and_named() -> None:
    both = Torch("2.11", {"cuda": "NVIDIA X", "mps": "Apple arm"})

    assert both.pick("auto") == "cuda"
    assert both.pick("cpu") == "cpu"
    assert both.describe("cuda:0 float32") == "cuda:0 float32 (NVIDIA X)"
    assert Torch("2.11", {}).describe("cpu float32") == "cpu float32"


def test_the_input_of_the_networks_is_the_crop_at_half_its_size(mona: Photo) -> None:
    model = Echo()
    portrait = LivePortraitEngine(model, locate=locate).open(mona)

    crop = cv2.warpAffine(
        mona.image, portrait.photo_from_crop[:2], (512, 512), flags=2 | cv2.WARP_INVERSE_MAP
    )
    away = np.abs(input_of_crop(np.asarray(crop, np.uint8)).astype(int) - model.inputs[0])
    assert away.mean() < 3
