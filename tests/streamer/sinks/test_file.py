import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer.errors import SinkError
from streamer.film_mark import SYNTHETIC, XMP_BOX, FilmMark
from streamer.sinks.file import FORMATS, write_film

MARK = FilmMark("1.2", "할머니", "warp")


def frames(count: int) -> Iterator[np.ndarray]:
    buffer = np.zeros((48, 64, 3), np.uint8)  # reused, as engines do
    for index in range(count):
        buffer[:] = (index * 20, 60, 120)
        yield buffer


def test_an_mp4_holds_every_frame_at_the_right_rate(tmp_path: Path) -> None:
    import av

    path = tmp_path / "film.mp4"
    write_film(path, frames(10), 25.0, 10, MARK)

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        pictures = [f.to_ndarray(format="rgb24") for f in container.decode(video)]
    assert len(pictures) == 10
    assert video.average_rate == 25
    assert video.codec_context.name == "h264"
    assert abs(int(pictures[9][24, 32, 0]) - 180) < 8


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_keeps_time_although_its_unit_is_coarse(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    write_film(path, frames(12), 30.0, 12, MARK)

    lengths = []
    with Image.open(path) as picture:
        for index in range(picture.n_frames):
            picture.seek(index)
            picture.load()
            lengths.append(picture.info["duration"])
    assert len(lengths) == 12
    assert sum(lengths) == pytest.approx(400, abs=10)


def test_png_frames_are_numbered_and_lossless(tmp_path: Path) -> None:
    write_film(tmp_path / "film.png", frames(3), 30.0, 3, MARK)

    picture = np.asarray(Image.open(tmp_path / "film-00002.png"))
    assert (picture == (40, 60, 120)).all()


def test_a_film_that_breaks_half_way_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, frames(4), 25.0, 4, MARK)
    before = path.read_bytes()

    def broken() -> Iterator[np.ndarray]:
        yield from frames(2)
        raise RuntimeError("engine")

    with pytest.raises(RuntimeError, match="engine"):
        write_film(path, broken(), 25.0, 4, MARK)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_an_unknown_suffix_and_a_missing_folder_are_refused_with_what_works(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"\.mp4"):
        write_film(tmp_path / "film.avi", frames(1), 30.0, 1, MARK)
    with pytest.raises(SinkError, match="Create it first"):
        write_film(tmp_path / "no" / "film.mp4", frames(1), 30.0, 1, MARK)


def test_every_kind_of_film_says_that_it_is_synthetic_from_which_photo_and_by_what(
    tmp_path: Path,
) -> None:
    import av

    for suffix in FORMATS:
        write_film(tmp_path / f"film{suffix}", frames(3), 30.0, 3, MARK)

    with av.open(str(tmp_path / "film.mp4")) as film:
        words = [film.metadata["comment"], film.metadata["description"]]
    with Image.open(tmp_path / "film.gif") as gif:
        words.append(gif.info["comment"].decode())
    with Image.open(tmp_path / "film.webp") as webp:
        packets = [webp.info["xmp"]]
    with Image.open(tmp_path / "film-00002.png") as png:
        words.append(png.text["Description"])
        assert png.text["Software"] == "Living Portrait 1.2"
        packets.append(png.text["XML:com.adobe.xmp"].encode())

    for text in words:
        assert "Synthetic" in text
        assert "'할머니'" in text
        assert "Living Portrait 1.2" in text
        assert "warp" in text
    for packet in packets:
        assert packet == MARK.xmp()
        assert SYNTHETIC.encode() in packet


def test_an_mp4_ends_with_a_box_of_xmp_and_still_plays(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, frames(5), 30.0, 5, MARK)

    boxes, data, at = [], path.read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        boxes.append((data[at + 4 : at + 8], data[at + 8 : at + size]))
        at += size
    assert at == len(data)
    assert [name for name, _ in boxes] == [b"ftyp", b"moov", b"free", b"mdat", b"uuid"]
    assert boxes[-1][1] == XMP_BOX + MARK.xmp()


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is missing")
def test_another_program_reads_the_xmp_of_an_mp4(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, frames(5), 30.0, 5, MARK)

    done = subprocess.run(
        ["ffprobe", "-v", "error", "-export_xmp", "1", "-show_format", str(path)],
        capture_output=True,
        check=True,
    )

    assert SYNTHETIC.encode() in done.stdout
    assert done.stderr == b""
