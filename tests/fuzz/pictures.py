"""Pictures as the world has them: every mode and turn, broken, huge, disguised, and bombs.

``python -m tests.fuzz.pictures`` reads each in a process of its own and prints what came of it,
in which time and memory. Nothing of this lies in a file: everything is made here.
"""

import argparse
import io
import re
import resource
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from PIL import Image, ImageCms, features

from streamer.errors import PhotoError
from streamer.photo import photo_from_bytes
from tests.streamer.test_photo import near, quarters

Fate = Literal["upright", "refused", "either"]

# The largest picture that is read at all.
LARGEST: Final = (8000, 5000)
LIMIT_S: Final = 20.0
LIMIT_MB: Final = 1000.0


@dataclass(frozen=True)
class Picture:
    """One file. ``make`` returns its bytes; ``fate`` is what must come of it."""

    name: str
    make: Callable[[], bytes]
    fate: Fate


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def formats() -> dict[str, Callable[[], bytes]]:
    """The four quarters in every format that is read."""
    q = quarters(320, 256)
    made = {
        "jpeg": lambda: saved(q, "JPEG", quality=92),
        "progressive.jpeg": lambda: saved(q, "JPEG", quality=92, progressive=True),
        "png": lambda: saved(q, "PNG"),
        "webp": lambda: saved(q, "WEBP", quality=95),
        "gif": lambda: saved(q, "GIF"),
        "bmp": lambda: saved(q, "BMP"),
        "ppm": lambda: saved(q, "PPM"),
        "tiff": lambda: saved(q, "TIFF"),
        "lzw.tiff": lambda: saved(q, "TIFF", compression="tiff_lzw"),
        "zip.tiff": lambda: saved(q, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tiff": lambda: saved(q, "TIFF", compression="jpeg"),
        "jp2": lambda: saved(q, "JPEG2000"),
    }
    if features.check("avif"):
        made["avif"] = lambda: saved(q, "AVIF", quality=90)
    return made


def corpus(*, large: bool) -> Iterator[Picture]:
    """All pictures; ``large`` adds those that take seconds to make."""
    for name, make in formats().items():
        yield Picture(name, make, "upright")
        whole = make()
        for part in range(16):
            yield Picture(f"{part}/16 of {name}", _cut(whole, part), "either")
        for spot in range(8):
            yield Picture(f"{name} spoilt at {spot}/8", _spoilt(whole, spot), "either")
    yield from _modes()
    yield from _turns()
    yield from _notes()
    yield from _many_frames()
    yield from _no_pictures()
    yield from _bombs()
    if large:
        yield from _huge()


def _cut(data: bytes, sixteenth: int) -> Callable[[], bytes]:
    return lambda: data[: len(data) * sixteenth // 16]


def _spoilt(data: bytes, eighth: int) -> Callable[[], bytes]:
    def make() -> bytes:
        at = len(data) * eighth // 8
        return data[:at] + b"\xff\x00\xff\xff" + data[at + 4 :]

    return make


def _modes() -> Iterator[Picture]:
    q = quarters(320, 256)
    ramp = np.linspace(0, 65535, 320 * 256).reshape(256, 320)
    wild = ramp.astype(np.float32)
    wild[::2, ::3], wild[1::2, ::5], wild[::7] = np.nan, np.inf, -np.inf
    made: dict[str, tuple[Image.Image, str, Fate]] = {
        "cmyk.jpg": (q.convert("CMYK"), "JPEG", "upright"),
        "cmyk.tif": (q.convert("CMYK"), "TIFF", "upright"),
        "palette.png": (q.quantize(16), "PNG", "upright"),
        "rgba.png": (q.convert("RGBA"), "PNG", "upright"),
        "ycbcr.tif": (q.convert("YCbCr"), "TIFF", "upright"),
        "lab.tif": (q.convert("LAB"), "TIFF", "either"),
        "one bit.png": (q.convert("1"), "PNG", "either"),
        "grey alpha.png": (q.convert("LA"), "PNG", "either"),
        "16 bit.png": (Image.fromarray(ramp.astype(np.uint16)), "PNG", "either"),
        "32 bit.tif": (Image.fromarray(ramp.astype(np.int32)), "TIFF", "either"),
        "float.tif": (Image.fromarray(ramp.astype(np.float32)), "TIFF", "either"),
        "nan and inf.tif": (Image.fromarray(wild), "TIFF", "either"),
        "all nan.tif": (Image.fromarray(np.full((256, 320), np.nan, np.float32)), "TIFF", "either"),
        "negative.tif": (Image.fromarray(-ramp.astype(np.float32)), "TIFF", "either"),
    }
    for name, (image, kind, fate) in made.items():
        yield Picture(name, lambda image=image, kind=kind: saved(image, kind), fate)  # type: ignore[misc]


_TURNED_BY: Final = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


def _turns() -> Iterator[Picture]:
    """As a camera stores them: turned, with the note how to turn them back."""
    kinds = ["JPEG", "PNG", "WEBP", "TIFF"]
    for kind in kinds:
        for note, methods in _TURNED_BY.items():
            image = quarters(320, 256)
            for method in methods:
                image = image.transpose(method)
            exif = Image.Exif()
            exif[0x0112] = note

            def make(image: Image.Image = image, kind: str = kind, exif: Any = exif) -> bytes:
                return saved(image, kind, exif=exif.tobytes())

            yield Picture(f"turned {note} {kind}", make, "upright")


def _notes() -> Iterator[Picture]:
    """Metadata that are wrong, endless or large."""
    q = quarters(320, 256)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    loop = (
        b"Exif\0\0II*\0\x08\0\0\0"
        + b"\x01\0"
        + struct.pack("<HHII", 0x8769, 4, 1, 8)
        + b"\x08\0\0\0"
    )
    many = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 0x0112, 3, 2**31, 8) * 4000
    for name, options in {
        "broken profile": {"icc_profile": srgb[: len(srgb) // 3]},
        "no profile": {"icc_profile": b"nothing at all"},
        "grey profile": {"icc_profile": srgb.replace(b"RGB ", b"GRAY")},
        "cmyk profile": {"icc_profile": srgb.replace(b"RGB ", b"CMYK")},
        "large profile": {"icc_profile": srgb + b"\0" * 1_000_000},
        "endless notes": {"exif": loop},
        "many notes": {"exif": many[:60_000]},
        "turned 9": {
            "exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 9, 0)
        },
    }.items():
        yield Picture(f"{name}.jpg", lambda options=options: saved(q, "JPEG", **options), "upright")  # type: ignore[misc]
        yield Picture(f"{name}.png", lambda options=options: saved(q, "PNG", **options), "upright")  # type: ignore[misc]


def _many_frames() -> Iterator[Picture]:
    frames = [
        quarters(320, 256),
        Image.new("RGB", (320, 256)),
        Image.new("RGB", (320, 256), "white"),
    ]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        yield Picture(
            f"animated {kind}",
            lambda kind=kind: saved(frames[0], kind, save_all=True, append_images=frames[1:]),  # type: ignore[misc]
            "upright",
        )
    tiny = [Image.new("P", (64, 64), n % 3) for n in range(2)]
    head = saved(tiny[0], "GIF", save_all=True, append_images=tiny[1:])[:-1]
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    yield Picture("gif of 100,000 frames", lambda: head + frame * 100_000 + b";", "either")


def _no_pictures() -> Iterator[Picture]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "a")
    jpeg, png, gif = (formats()[kind]() for kind in ("jpeg", "png", "gif"))
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 400
    refused = {
        "nothing": b"",
        "one byte": b"\xff",
        "text": b"this is no picture",
        "zip": archive.getvalue(),
        # Entities that grow, as in the bombs that XML parsers know.
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "svg of entities": b'<!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 300 300\n(x)(r) file\n",
        "heic": heic,
        "program": b"MZ" + b"\0" * 500,
        "elf": b"\x7fELF" + b"\0" * 500,
        "pickle": b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "icon": saved(quarters(64, 64), "ICO"),
        "targa": saved(quarters(96, 80), "TGA"),
        "psd": b"8BPS\0\1" + b"\0" * 200,
        "html": b"<!doctype html><script>fetch('http://127.0.0.1:8000/stop')</script>",
        "pdf before a jpeg": b"%PDF-1.7\n" + jpeg,
        "zip before a png": archive.getvalue() + png,
        "mp4": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 300,
        "random": np.random.default_rng(1).bytes(5000),
        "png head alone": b"\x89PNG\r\n\x1a\n",
        "jpeg head alone": b"\xff\xd8\xff",
        "gif head alone": b"GIF89a",
        "webp head alone": b"RIFF\xff\xff\xff\x7fWEBPVP8 ",
        "tiff that points into itself": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    }
    for name, data in refused.items():
        yield Picture(name, lambda data=data: data, "refused")  # type: ignore[misc]
    pictures = {
        "gif and script": gif.replace(b"GIF89a", b"GIF89a", 1) + b"*/=1;alert(1)//",
        "jpeg and zip": jpeg + archive.getvalue(),
        "png and html": png + b"<script>alert(1)</script>",
        "jpeg with a page in its comment": jpeg[:2] + _segment(0xFE, b"<html><script>") + jpeg[2:],
    }
    for name, data in pictures.items():
        yield Picture(name, lambda data=data: data, "upright")  # type: ignore[misc]


def _bombs() -> Iterator[Picture]:
    """Small files that want much memory or time."""
    zeros = zlib.compress(b"\0" * 50_000_000, 9)
    small = formats()["png"]()
    at = 33  # behind IHDR

    def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
        head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IDAT", zeros[:1000])

    for width, height in ((65_535, 65_535), (2**31 - 1, 1), (1, 2**31 - 1), (100_000, 500), (0, 0)):
        yield Picture(f"png of {width}x{height}", lambda w=width, h=height: png(w, h), "refused")  # type: ignore[misc]
    text = {
        "png and 50 MB of text": _chunk(b"zTXt", b"a\0\0" + zeros),
        "png and 50 MB of profile": _chunk(b"iCCP", b"a\0\0" + zeros),
        "png and 50 MB of words": _chunk(b"iTXt", b"a\0\1\0\0\0" + zeros),
        "png and 100,000 chunks": _chunk(b"tEXt", b"a\0b") * 100_000,
        "png and 50 MB of notes": _chunk(b"eXIf", b"\0" * 20_000_000),
        "apng of a million frames": _chunk(b"acTL", struct.pack(">II", 1_000_000, 0)),
    }
    for name, chunk in text.items():
        yield Picture(name, lambda chunk=chunk: small[:at] + chunk + small[at:], "either")  # type: ignore[misc]
    jpeg = formats()["jpeg"]()
    sof = jpeg.index(b"\xff\xc0")
    big = struct.pack(">HH", 65_500, 65_500)
    yield Picture("jpeg of 65500", lambda: jpeg[: sof + 5] + big + jpeg[sof + 9 :], "refused")
    yield Picture(
        "jpeg of 20,000 segments",
        lambda: jpeg[:2] + _segment(0xE5, b"\0" * 1000) * 20_000 + jpeg[2:],
        "either",
    )
    yield Picture("jpeg of 20,000 scans", lambda: _scans(20_000, (640, 512)), "refused")
    yield Picture(
        "gif of 65535", lambda: b"GIF89a" + b"\xff" * 4 + b"\xf0\0\0" + b"\0" * 60, "refused"
    )
    bmp = bytearray(formats()["bmp"]())
    for height in (2**31 - 1, -(2**31)):
        bmp[18:26] = struct.pack("<ii", 70_000, height)
        yield Picture(f"bmp of {height}", lambda data=bytes(bmp): data, "refused")  # type: ignore[misc]
    yield Picture("ppm of 10^9", lambda: b"P6 1000000000 1000000000 255\n" + b"\0" * 99, "refused")
    yield Picture("ppm of 10^5000", lambda: b"P6 " + b"9" * 5000 + b" 9 255\n", "refused")
    yield Picture("ppm of comments", lambda: b"P6 " + b"#\n" * 500_000 + b"9 9 255\n", "refused")
    for tag, value in (
        (0x100, 2**31),
        (0x111, 2**31),
        (0x117, 2**31),
        (0x115, 60_000),
        (0x142, 2**30),
    ):
        yield Picture(f"tiff with {tag:#x}={value}", lambda t=tag, v=value: _tiff(t, v), "either")  # type: ignore[misc]
    chain = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x100, 4, 1, 300) + b"\x08\0\0\0"
    yield Picture("tiff of endless pages", lambda: chain, "refused")
    webp = bytearray(saved(quarters(320, 256), "WEBP", lossless=True))
    webp[21:25] = b"\xff\xff\xff\x0f"
    yield Picture("webp of 16384", lambda: bytes(webp), "refused")


def _huge() -> Iterator[Picture]:
    """As large as may be, in every way that costs memory."""
    grey = Image.new("L", LARGEST, 90)
    rgb = quarters(*LARGEST)

    def ramp(kind: type) -> Image.Image:
        return Image.fromarray(np.broadcast_to(np.arange(8000, dtype=kind), (5000, 8000)).copy())

    made: dict[str, Callable[[], bytes]] = {
        "huge.jpg": lambda: saved(rgb, "JPEG"),
        "huge progressive.jpg": lambda: saved(rgb, "JPEG", progressive=True),
        "huge cmyk.jpg": lambda: saved(rgb.convert("CMYK"), "JPEG"),
        "huge.png": lambda: saved(rgb, "PNG", compress_level=1),
        "huge rgba.png": lambda: saved(rgb.convert("RGBA"), "PNG", compress_level=1),
        "huge 16 bit.png": lambda: saved(ramp(np.uint16), "PNG", compress_level=1),
        "huge one bit.png": lambda: saved(grey.convert("1"), "PNG"),
        "huge palette.png": lambda: saved(rgb.quantize(8), "PNG", compress_level=1),
        "huge.gif": lambda: saved(rgb.quantize(8), "GIF"),
        "huge.webp": lambda: saved(grey, "WEBP", quality=10, method=0),
        "huge.bmp": lambda: saved(grey, "BMP"),
        "huge.tif": lambda: saved(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "huge float.tif": lambda: saved(ramp(np.float32), "TIFF", compression="tiff_adobe_deflate"),
        "huge 32 bit.tif": lambda: saved(ramp(np.int32), "TIFF", compression="tiff_adobe_deflate"),
        "huge.jp2": lambda: saved(rgb, "JPEG2000", quality_layers=[200]),
        "huge turned.jpg": lambda: saved(
            rgb,
            "JPEG",
            exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0),
        ),
    }
    for name, make in made.items():
        yield Picture(name, make, "either")
    yield Picture("huge jpeg of 300 scans", lambda: _scans(300, LARGEST), "refused")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def _scans(count: int, size: tuple[int, int]) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each is a pass over the picture."""
    data = saved(Image.new("L", size, 90), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _tiff(tag: int, value: int) -> bytes:
    entries = {
        0x100: 320,
        0x101: 256,
        0x102: 8,
        0x103: 1,
        0x106: 1,
        0x111: 200,
        0x115: 1,
        0x116: 256,
    }
    entries |= {0x117: 320 * 256, tag: value}
    body = struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", key, 4, 1, entries[key]) for key in sorted(entries))
    return (b"II*\0\x08\0\0\0" + body + b"\0\0\0\0").ljust(200, b"\0") + b"\x55" * 320 * 256


def fate_of(picture: Picture, data: bytes) -> str:
    """Read a picture; returns what came of it, in words that begin with a `Fate` or ``WRONG``."""
    try:
        photo = photo_from_bytes(data, Path("folder") / "a picture.png")
    except PhotoError as exc:
        said = str(exc)
        if "a picture.png" not in said or "\n" in said or len(said) > 600:
            return f"WRONG: names no file or says too much: {said[:300]}"
        return "refused" if picture.fate != "upright" else f"WRONG: refused: {said}"
    except Exception as exc:
        return f"WRONG: {type(exc).__name__}: {str(exc)[:200]}"
    if picture.fate == "refused":
        return f"WRONG: read as {photo.image.shape}"
    if picture.fate == "upright":
        h, w = photo.image.shape[:2]
        found = [photo.image[y, x] for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
        if not near(found, [(220, 30, 30), (30, 200, 30), (30, 30, 220), (128, 128, 128)], by=40):
            return f"WRONG: colours {[tuple(map(int, one)) for one in found]}"
    return "upright"


def peak_mb() -> float:
    """The most memory that this process ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # `getrusage` counts what the parent had before
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found is not None
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(picture: Picture) -> tuple[str, float, float]:
    """Read one in this process; returns what came of it, seconds, and MB beyond the file itself."""
    data = picture.make()
    before = peak_mb()
    begun = time.process_time()
    fate = fate_of(picture, data)
    taken = time.process_time() - begun
    return fate, taken, peak_mb() - before


def _in_child(index: int, large: bool, folder: str) -> None:
    """Read what the parent made, so that the child's peak is of reading alone."""
    picture = list(corpus(large=large))[index]
    data = (Path(folder) / "data").read_bytes()
    begun = time.process_time()
    fate = fate_of(picture, data)
    taken = time.process_time() - begun
    peak = peak_mb()
    (Path(folder) / "told").write_text(f"{taken:.2f}\t{peak:.0f}\t{fate}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names that hold this")
    options = parser.parse_args()
    wrong, worst_mb, worst_s, count = 0, 0.0, 0.0, 0
    for index, picture in enumerate(corpus(large=True)):
        if options.only not in picture.name:
            continue
        count += 1
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "data").write_bytes(picture.make())
            child = get_context("spawn").Process(target=_in_child, args=(index, True, folder))
            child.start()
            child.join(120.0)
            child.kill()
            told = Path(folder) / "told"
            if not told.exists():
                print(f"{picture.name}: WRONG: ended with {child.exitcode}")
                wrong += 1
                continue
            seconds, mb, fate = told.read_text().split("\t")
        worst_mb, worst_s = max(worst_mb, float(mb)), max(worst_s, float(seconds))
        bad = "WRONG" in fate or float(seconds) > LIMIT_S or float(mb) > LIMIT_MB
        wrong += bad
        if bad or options.only or float(mb) > 400 or float(seconds) > 1:
            print(f"{picture.name}: {fate}, {seconds} s, peak {mb} MB", flush=True)
    print(f"{count} pictures, {wrong} wrong, at most {worst_s:.1f} s and {worst_mb:.0f} MB")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
