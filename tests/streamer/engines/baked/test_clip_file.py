"""Clips on disk: whole or not at all, and nothing that was drawn is lost."""

from pathlib import Path

import numpy as np
import pytest

from streamer.engines.baked.clip_file import (
    ClipLog,
    decode,
    drawn_so_far,
    encode,
    open_clip,
    pack,
)
from streamer.parameters import PARAMETERS, neutral_face

FACES = [
    {**neutral_face(eye_ratio=0.35, lip_ratio=0.0), "smile": smile} for smile in (0.0, 0.4, 1.0)
]
PICTURES = [encode(np.full((32, 32, 3), level, np.uint8)) for level in (60, 120, 180)]


def clip_in(folder: Path) -> Path:
    path = folder / "preset-smile-0.clip"
    path.write_bytes(pack("smile", FACES, PICTURES))
    return path


def test_faces_and_pictures_come_back(tmp_path: Path) -> None:
    clip = open_clip(clip_in(tmp_path))

    assert clip.values[1, list(PARAMETERS).index("smile")] == 0.4
    assert [clip.read(i) for i in range(3)] == PICTURES
    picture = decode(PICTURES[2])
    assert picture is not None
    assert np.abs(picture.astype(int) - 180).max() <= 2
    clip.close()


def test_a_file_that_is_cut_anywhere_is_no_clip(tmp_path: Path) -> None:
    path = clip_in(tmp_path)
    whole = path.read_bytes()

    for length in [*range(0, 200, 7), *range(200, len(whole), 61), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"no clip|cut short|damaged|not whole"):
            open_clip(path)


def test_a_file_with_more_than_a_clip_is_none(tmp_path: Path) -> None:
    path = clip_in(tmp_path)
    path.write_bytes(path.read_bytes() + b"more")

    with pytest.raises(ValueError, match="not whole"):
        open_clip(path)


def test_a_picture_with_a_wrong_byte_is_not_given(tmp_path: Path) -> None:
    path = clip_in(tmp_path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 0xFF
    path.write_bytes(bytes(data))
    clip = open_clip(path)

    assert clip.read(0) == PICTURES[0]
    assert clip.read(2) is None
    clip.close()


def test_faces_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.clip"
    path.write_bytes(pack("x", [{**FACES[0], "smile": float("nan")}], PICTURES[:1]))

    with pytest.raises(ValueError, match="no number"):
        open_clip(path)


def test_a_log_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "preset-smile-0.clip"
    log = ClipLog(path)
    for number, data in enumerate(PICTURES[:2]):
        log.add(number, data)
    log.close()
    cut = path.with_suffix(".part")
    cut.write_bytes(cut.read_bytes()[:-9])  # killed in the middle of a write
    assert drawn_so_far(path) == 1

    log = ClipLog(path)
    assert list(log.pictures) == [0]
    for number in (1, 2):
        log.add(number, PICTURES[number])
    log.finish("smile", FACES)

    assert path.read_bytes() == pack("smile", FACES, PICTURES)
    assert not cut.exists()
