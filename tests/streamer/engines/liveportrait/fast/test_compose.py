"""The face laid into frames on the device, held against the OpenCV way byte by byte."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.crop import crop_map
from streamer.engines.liveportrait.fast.bare import Bare
from streamer.engines.liveportrait.fast.compose import Compose, frames_of
from streamer.engines.liveportrait.paste_back import PasteBack
from streamer.view import Frame, Framing, View
from tests.golden.weights_recipe import synth_image, synth_landmarks
from tests.streamer.engines.liveportrait.stand_ins import devices

pytestmark = pytest.mark.neural

PHOTO = synth_image("compose", "photo", 900, 700)
WHERE = crop_map(synth_landmarks("compose", "face", 106, (350, 300), 110, 9))
FRAMING = Framing(350, 290, 150, 440)
NOISE = np.random.default_rng(3).integers(0, 256, (2, 512, 512, 3)).astype(np.uint8)

VIEWS = {
    "720p": View(),
    "1080p": View(1920, 1080),
    "mirror": View(640, 360, mirror=True),
    "a small face is shrunk": View(640, 480, zoom=0.3),
    "small, mirrored, the photo ends": View(zoom=0.3, mirror=True, fit="contain", fill="#204060"),
    "half out of the frame": View(640, 360, offset_x=0.9, offset_y=-0.3),
    "the crop is larger than the frame": View(640, 360, zoom=2.5, mirror=True),
}


def paste_back(view: View) -> PasteBack:
    """As the scene prepares it."""
    frame_from_photo = view.frame_from_photo(700, 900, FRAMING)
    white = np.full_like(PHOTO, 255)
    return PasteBack.into(
        view.draw(PHOTO, frame_from_photo),
        (frame_from_photo @ WHERE.photo_from_crop).astype(np.float32),
        replace(view, fill="#000000").draw(white, frame_from_photo)[..., 0],
        antialias=True,
    )


def pasted(paste: PasteBack, crop: Frame, mirror: bool) -> Frame:
    frame = paste.paste(crop)
    return np.asarray(cv2.flip(frame, 1) if mirror else frame, np.uint8)


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("name", VIEWS)
def test_frames_are_those_of_the_opencv_way(name: str, device: str) -> None:
    view = VIEWS[name]
    paste = paste_back(view)
    compose = Compose.of(paste, mirror=view.mirror, device=device)

    frames = compose(torch.from_numpy(NOISE).to(device)).cpu().numpy()

    for crop, frame in zip(NOISE, frames, strict=True):
        away = np.abs(frame.astype(int) - pasted(paste, crop, view.mirror))
        assert away.max() <= 1
        # Without shrinking, whose means OpenCV rounds in another order, not one byte differs; a
        # graphics card may fuse a product and a sum, which moves a truncated value.
        allowed = 0.0 if device == "cpu" and compose.shrink is None else 1e-4
        assert (away > 0).mean() <= allowed


def test_only_the_face_box_is_written() -> None:
    compose = Compose.of(paste_back(VIEWS["mirror"]), mirror=True, device="cpu")
    frames = torch.full((1, 360, 640, 3), 7, dtype=torch.uint8)

    compose.lay(torch.from_numpy(NOISE[:1]), frames)

    x, y, width, height = compose.box
    assert (x % 2, y % 2, width % 2, height % 2) == (0, 0, 0, 0)
    outside = torch.ones((360, 640), dtype=torch.bool)
    outside[y : y + height, x : x + width] = False
    assert outside.any()
    assert (frames[0][outside] == 7).all()


def test_a_face_outside_the_frame_leaves_the_background() -> None:
    paste = paste_back(View(640, 360))
    away = PasteBack(
        np.array([[1, 0, 5000], [0, 1, 0], [0, 0, 1]], np.float32),
        np.zeros_like(paste.mask),
        PHOTO[:360, :640].astype(np.float32),
    )
    compose = Compose.of(away, mirror=False, device="cpu")

    frame = compose(torch.from_numpy(NOISE[:1]))[0].numpy()

    assert (frame == PHOTO[:360, :640]).all()


def test_frames_are_filled_with_the_background_once_and_do_not_share_memory() -> None:
    compose = Compose.of(paste_back(VIEWS["720p"]), mirror=False, device="cpu")

    first, second = frames_of(compose, 2)
    first[:] = 0

    assert (second == compose.background).all()


BARE_VIEWS = {
    "720p": View(),
    "a colour beside it, mirrored": View(640, 480, mirror=True, fill="#102030"),
    "portrait format": View(360, 640),
    "no room beside it": View(512, 512),
    "much smaller": View(256, 200),
}


@pytest.mark.parametrize("name", BARE_VIEWS)
def test_a_bare_crop_looks_as_the_view_draws_it(name: str) -> None:
    view = BARE_VIEWS[name]
    crop = WHERE.cut(PHOTO)
    drawn = View(view.width, view.height, fit="contain", fill=view.fill)
    expected = drawn.draw(crop, drawn.frame_from_photo(512, 512, None))
    expected = np.asarray(cv2.flip(expected, 1) if view.mirror else expected, np.uint8)

    bare = Bare.of(view, device="cpu")
    frame = bare(torch.from_numpy(crop)[None])[0].numpy()

    # Enlarged bytes go through Lanczos weights of 15 bits there and of floats here.
    away = np.abs(frame.astype(int) - expected)
    assert away.mean() < 0.1
    assert np.percentile(away, 99.9) <= 2
    assert away.max() <= 6


def test_a_batch_of_bare_crops_is_laid_as_one_by_one() -> None:
    bare = Bare.of(View(320, 180), device="cpu")
    crops = torch.from_numpy(NOISE)
    frames = frames_of(bare, 2)

    bare.lay(crops, frames)

    assert all(
        (bare(crop[None])[0] == frame).all() for crop, frame in zip(crops, frames, strict=True)
    )
