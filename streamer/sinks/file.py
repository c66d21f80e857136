"""Films and pictures: mp4, gif, webp, or a folder of png frames; each says what it is."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from streamer.errors import SinkError
from streamer.film_mark import FilmMark
from streamer.view import Frame

FORMATS: Final = (".mp4", ".gif", ".webp", ".png")


def write_film(path: Path, frames: Iterable[Frame], fps: float, total: int, mark: FilmMark) -> None:
    """Write all frames; the file takes its name only when it is complete.

    ``path`` ends in one of `FORMATS`; ``film.png`` becomes ``film-00000.png`` and so on. Frames
    may be reused by their maker after each step. ``mark`` goes into the metadata of each file.
    Raises: `SinkError`.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SinkError(f"Films end in {', '.join(FORMATS)}; '{path.name}' does not.")
    if not path.absolute().parent.is_dir():
        raise SinkError(f"The folder {path.absolute().parent} does not exist. Create it first.")
    part = path.with_name(f".{path.stem}.part{suffix}")
    try:
        if suffix == ".png":
            _write_pngs(path, frames, mark)
            return
        if suffix == ".mp4":
            _write_mp4(part, frames, fps, mark)
        else:
            _write_animation(part, frames, fps, total, mark)
        part.replace(path)
    except OSError as exc:
        raise SinkError(f"{path} could not be written: {exc.strerror or exc}.") from exc
    finally:
        part.unlink(missing_ok=True)


def _write_mp4(path: Path, frames: Iterable[Frame], fps: float, mark: FilmMark) -> None:
    import av

    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        container.metadata.update(comment=mark.text, description=mark.text)
        stream: Any = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.pix_fmt = "yuv420p"  # what browsers and phones play
        for index, frame in enumerate(frames):
            if index == 0:
                stream.height, stream.width = frame.shape[:2]
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with path.open("ab") as file:
        file.write(mark.box())


def _write_animation(
    path: Path, frames: Iterable[Frame], fps: float, total: int, mark: FilmMark
) -> None:
    from PIL import Image

    pictures = (Image.fromarray(frame.copy()) for frame in frames)
    first = next(pictures)
    # GIF counts in hundredths of a second: rounding the end of each frame keeps the whole on time.
    unit = 10.0 if path.suffix == ".gif" else 1.0
    ends = [round((i + 1) * 1000.0 / fps / unit) * unit for i in range(total)]
    lengths = [int(b - a) for a, b in zip([0.0, *ends], ends, strict=False)]
    options: dict[str, Any] = {"comment": mark.text.encode()}
    if path.suffix == ".webp":
        options = {"quality": 85, "method": 4, "xmp": mark.xmp()}
    first.save(path, save_all=True, append_images=pictures, duration=lengths, loop=0, **options)


def _write_pngs(path: Path, frames: Iterable[Frame], mark: FilmMark) -> None:
    from PIL import Image, PngImagePlugin

    words = PngImagePlugin.PngInfo()
    words.add_text("Software", mark.tool)
    words.add_itxt("Description", mark.text)
    words.add_itxt("XML:com.adobe.xmp", mark.xmp().decode())
    for index, frame in enumerate(frames):
        name = path.with_name(f"{path.stem}-{index:05d}.png")
        Image.fromarray(frame).save(name, compress_level=4, pnginfo=words)
