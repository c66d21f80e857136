"""Pictures of every kind that users have, and of every kind that must be refused."""

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer.errors import PhotoError
from streamer.photo import MAX_SIDE, read_photo
from streamer.resources import shipped
from tests.streamer.quarters import BLUE, GREEN, GREY, RED, corners, near, quarters


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


@pytest.mark.parametrize("name", ["sample-image.png", "mona-lisa.jpg"])
def test_shipped_photos_are_read_whole(name: str) -> None:
    photo = read_photo(shipped("photo") / name)

    assert photo.name == Path(name).stem
    assert photo.image.shape == (photo.size_in_file[1], photo.size_in_file[0], 3)
    assert photo.image.dtype == np.uint8
    assert photo.image.flags.c_contiguous
    assert len(photo.key) == 64


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, GREEN, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)

    assert near(read_photo(tmp_path / "a.gif").image[40, 40], RED)
    assert near(read_photo(tmp_path / "a.webp").image[40, 40], RED)


def test_a_large_picture_is_reduced_and_its_size_remembered(tmp_path: Path) -> None:
    quarters(3000, 2000).save(tmp_path / "large.png")
    quarters(4200, 2800).save(tmp_path / "large.jpg")  # decoded at half size

    for name, size in (("large.png", (3000, 2000)), ("large.jpg", (4200, 2800))):
        photo = read_photo(tmp_path / name)
        assert photo.size_in_file == size
        assert photo.image.shape == (1365, MAX_SIDE, 3)
        assert near(corners(tmp_path / name), [RED, GREEN, BLUE, GREY])


def test_the_suffix_is_never_trusted(tmp_path: Path) -> None:
    quarters().save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "called.jpg")

    assert near(corners(tmp_path / "called.jpg"), [RED, GREEN, BLUE, GREY])


def test_korean_and_decomposed_names_give_one_spelling(tmp_path: Path) -> None:
    quarters().save(tmp_path / "내 사진.PNG", format="png")

    assert read_photo(tmp_path / "내 사진.PNG").name == "내 사진"


@pytest.mark.parametrize(
    ("width", "height"), [(7000, 6000), (10000, 10000), (30000, 30000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_from_its_header(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_claiming(width, height))

    with pytest.raises(PhotoError, match=r"bomb\.png.*(million|pixels)"):
        read_photo(path)


def test_a_promise_of_pixels_that_do_not_come_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.png"
    path.write_bytes(png_claiming(600, 600))

    with pytest.raises(PhotoError, match="damaged or incomplete"):
        read_photo(path)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "tiff", "bmp", "ppm", "avif"])
def test_a_cut_off_file_never_raises_anything_else(tmp_path: Path, kind: str) -> None:
    if kind.upper() not in Image.SAVE and not (Image.init() and kind.upper() in Image.SAVE):
        pytest.skip(f"this Pillow cannot write {kind}")
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    noise = rng.integers(0, 255, (96, 96, 3), np.uint8)
    Image.fromarray(noise).save(buffer, format=kind)
    whole = buffer.getvalue()
    for part in (0.02, 0.3, 0.6, 0.95):
        path = tmp_path / f"{part}.{kind}"
        path.write_bytes(whole[: int(len(whole) * part)])

        with pytest.raises(PhotoError, match=r"'.*'"):
            read_photo(path)


def test_flipped_bytes_are_read_or_refused_but_never_break_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    path = tmp_path / "fuzz"
    for kind in ("jpeg", "png", "gif", "webp", "tiff", "bmp"):
        buffer = io.BytesIO()
        quarters().save(buffer, format=kind)
        whole = np.frombuffer(buffer.getvalue(), np.uint8)
        for _ in range(25):
            broken = whole.copy()
            places = rng.integers(0, min(len(broken), 400), 6)
            broken[places] = rng.integers(0, 255, 6)
            path.write_bytes(broken.tobytes())
            with contextlib.suppress(PhotoError):
                assert read_photo(path).image.shape[2] == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"This is a letter, not a picture.\n" * 20, "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'/>", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "HEIC.*JPEG or PNG"),
    ],
)
def test_what_is_no_picture_is_refused_with_advice(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)

    with pytest.raises(PhotoError, match=says):
        read_photo(path)


@pytest.mark.parametrize(
    ("size", "says"), [((63, 300), "63 x 300 px"), ((1, 1), "1 x 1"), ((64, 4000), "strip")]
)
def test_too_small_and_too_narrow_pictures_are_refused(
    tmp_path: Path, size: tuple[int, int], says: str
) -> None:
    Image.new("RGB", size).save(tmp_path / "small.png")

    with pytest.raises(PhotoError, match=says):
        read_photo(tmp_path / "small.png")


def test_a_missing_file_a_folder_and_a_pipe_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "none.png", "There is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path / ("x" * 3000), "cannot be read"),
        (Path("a\0b"), "cannot be read"),
    ):
        with pytest.raises(PhotoError, match=says):
            read_photo(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.png"
    quarters().save(path)
    path.chmod(0)

    with pytest.raises(PhotoError, match="permissions"):
        read_photo(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)  # sparse: takes no room

    with pytest.raises(PhotoError, match="200 MB"):
        read_photo(path)
