from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer.errors import SinkError
from streamer.sinks.file import write_film


def frames(count: int) -> Iterator[np.ndarray]:
    buffer = np.zeros((48, 64, 3), np.uint8)  # reused, as engines do
    for index in range(count):
        buffer[:] = (index * 20, 60, 120)
        yield buffer


def test_an_mp4_holds_every_frame_at_the_right_rate(tmp_path: Path) -> None:
    import av

    path = tmp_path / "film.mp4"
    write_film(path, frames(10), 25.0, 10)

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
    write_film(path, frames(12), 30.0, 12)

    lengths = []
    with Image.open(path) as picture:
        for index in range(picture.n_frames):
            picture.seek(index)
            picture.load()
            lengths.append(picture.info["duration"])
    assert len(lengths) == 12
    assert sum(lengths) == pytest.approx(400, abs=10)


def test_png_frames_are_numbered_and_lossless(tmp_path: Path) -> None:
    write_film(tmp_path / "film.png", frames(3), 30.0, 3)

    picture = np.asarray(Image.open(tmp_path / "film-00002.png"))
    assert (picture == (40, 60, 120)).all()


def test_a_film_that_breaks_half_way_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, frames(4), 25.0, 4)
    before = path.read_bytes()

    def broken() -> Iterator[np.ndarray]:
        yield from frames(2)
        raise RuntimeError("engine")

    with pytest.raises(RuntimeError, match="engine"):
        write_film(path, broken(), 25.0, 4)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_an_unknown_suffix_and_a_missing_folder_are_refused_with_what_works(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"\.mp4"):
        write_film(tmp_path / "film.avi", frames(1), 30.0, 1)
    with pytest.raises(SinkError, match="Create it first"):
        write_film(tmp_path / "no" / "film.mp4", frames(1), 30.0, 1)
