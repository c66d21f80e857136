"""The face laid over the photo."""

import numpy as np

from streamer.engines.liveportrait.crop import crop_map
from streamer.engines.liveportrait.paste_back import PasteBack, mask_template, pixels
from tests.golden.weights_recipe import synth_image, synth_landmarks

PHOTO = synth_image("paste", "photo", 480, 640)
WHERE = crop_map(synth_landmarks("paste", "face", 106, (330, 250), 60, 9), scale=2.3)


def test_the_mask_is_full_inside_and_gone_at_the_border() -> None:
    mask = mask_template()

    assert (mask[16:497, 16:497] == 255).all()
    assert not mask[0].any()
    assert not mask[:, 0].any()
    assert mask[511, 255] == 15
    assert (np.diff(mask[:17, 255].astype(int)) > 0).all()


def test_pasting_the_photos_own_crop_shows_the_photo() -> None:
    pasted = PasteBack.into(PHOTO, WHERE.photo_from_crop).paste(WHERE.cut(PHOTO))

    away = np.abs(pasted.astype(int) - PHOTO)
    assert away.mean() < 4  # sampled twice and truncated, the noise loses its finest grain
    assert (pasted[:20] == PHOTO[:20]).all()


def test_outside_the_crop_the_photo_is_untouched_and_inside_the_face_is_alone() -> None:
    face = np.full((512, 512, 3), 90, np.uint8)
    paste_back = PasteBack.into(PHOTO, WHERE.photo_from_crop)

    pasted = paste_back.paste(face)

    outside, inside = paste_back.mask[..., 0] == 0, paste_back.mask[..., 0] == 1
    assert (pasted[outside] == PHOTO[outside]).all()
    assert (pasted[inside] == 90).all()
    assert outside.any()
    assert inside.any()


def test_a_face_that_is_a_little_darker_leaves_no_edge() -> None:
    grey = np.full((480, 640, 3), 160, np.uint8)
    darker = np.full((512, 512, 3), 140, np.uint8)

    pasted = PasteBack.into(grey, WHERE.photo_from_crop).paste(darker).astype(int)

    assert pasted.min() == 140
    assert np.abs(np.diff(pasted, axis=0)).max() <= 4
    assert np.abs(np.diff(pasted, axis=1)).max() <= 4


def test_output_is_truncated_not_rounded_and_clipped() -> None:
    values = np.array([0.999, 1.0, 1.5, -0.5, 0.5, np.nan], np.float32).reshape(1, 1, 1, 6)

    assert pixels(values.repeat(3, axis=1))[0, :, 0].tolist() == [254, 255, 255, 0, 127, 0]
