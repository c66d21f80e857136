"""However a picture was stored, its pixels come out upright, opaque, in screen colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from streamer.photo import read_photo
from tests.streamer.quarters import BLUE, GREEN, GREY, RED, corners, near, quarters


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_camera_orientation_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    upright = quarters()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix in ("jpg", "png", "webp", "tif"):
        path = tmp_path / f"turned.{suffix}"
        stored.save(path, exif=exif)

        photo = read_photo(path)

        assert photo.size_in_file == (96, 80), suffix
        assert photo.image.shape == (80, 96, 3), suffix
        assert near(corners(path), [RED, GREEN, BLUE, GREY], 12), suffix


def test_a_damaged_orientation_note_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    quarters().save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0")

    assert near(corners(path), [RED, GREEN, BLUE, GREY], 12)


def test_transparency_is_laid_over_grey_in_every_mode(tmp_path: Path) -> None:
    rgba = quarters().convert("RGBA")
    rgba.paste((255, 0, 255, 0), (0, 0, 48, 40))  # the top left quarter is see-through
    rgba.save(tmp_path / "rgba.png")
    rgba.convert("LA").save(tmp_path / "la.png")
    palette = quarters().quantize(8)
    palette.save(tmp_path / "p.png", transparency=palette.getpixel((5, 5)))
    palette.save(tmp_path / "p.gif", transparency=palette.getpixel((5, 5)))
    rgba.save(tmp_path / "rgba.webp", lossless=True)

    for name in ("rgba.png", "la.png", "p.png", "p.gif", "rgba.webp"):
        assert near(corners(tmp_path / name)[0], GREY), name
    assert near(corners(tmp_path / "rgba.png")[1], GREEN)


def test_half_transparent_pixels_mix_with_the_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (80, 80), (255, 255, 255, 128)).save(tmp_path / "half.png")

    assert near(read_photo(tmp_path / "half.png").image[40, 40], (192, 192, 192), 2)


def test_grey_pictures_of_every_depth_keep_their_brightness(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 100), (80, 1))
    Image.fromarray((ramp * 255).astype(np.uint8)).save(tmp_path / "8.png")
    Image.fromarray((ramp * 65535).astype(np.uint16)).save(tmp_path / "16.png")
    Image.fromarray((ramp * 65535).astype(np.uint16)).save(tmp_path / "16.tif")
    Image.fromarray((ramp * 65535).astype(np.int32)).save(tmp_path / "32.tif")
    Image.fromarray(ramp.astype(np.float32)).save(tmp_path / "float.tif")

    for name in ("8.png", "16.png", "16.tif", "32.tif", "float.tif"):
        image = read_photo(tmp_path / name).image
        assert near(image[40, 50], np.full(3, 128), 3), name
        assert near(image[40, 99], np.full(3, 255), 1), name


def test_one_bit_and_palette_pictures_become_colour(tmp_path: Path) -> None:
    Image.new("1", (80, 80), 1).save(tmp_path / "one.png")
    quarters().quantize(8).save(tmp_path / "p.png")

    assert near(read_photo(tmp_path / "one.png").image[40, 40], (255, 255, 255))
    assert near(corners(tmp_path / "p.png"), [RED, GREEN, BLUE, GREY])


def test_print_colours_become_screen_colours(tmp_path: Path) -> None:
    quarters().convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    quarters().convert("CMYK").save(tmp_path / "cmyk.tif")

    assert near(corners(tmp_path / "cmyk.tif"), [RED, GREEN, BLUE, GREY], 12)
    assert near(corners(tmp_path / "cmyk.jpg"), [RED, GREEN, BLUE, GREY], 25)


def test_a_colour_profile_is_applied_and_a_broken_one_left_aside(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in (("srgb", srgb), ("lab", lab), ("rubbish", b"no profile at all")):
        quarters().save(tmp_path / f"{name}.png", icc_profile=profile)

        assert near(corners(tmp_path / f"{name}.png"), [RED, GREEN, BLUE, GREY], 2), name
