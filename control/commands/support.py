"""Pack what a report of a fault needs into one file: log, doctor, versions; nothing is sent."""

import argparse
import io
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from control.support_files import gather
from control.translations.console import say
from streamer import SinkError
from streamer.whole_file import write_whole


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `support`."""
    add = parser.add_argument
    add(
        "--out",
        default=argparse.SUPPRESS,
        type=Path,
        metavar="FILE.zip",
        help="where to write it (living-portrait-support-DATE.zip here)",
    )
    add(
        "--no-readback",
        action="store_true",
        help="send no test card through the camera (3 seconds)",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the file, and say what is in it. Raises: `SinkError`."""
    now = time.localtime()
    usual = Path(f"living-portrait-support-{time.strftime('%Y-%m-%d-%H%M%S', now)}.zip")
    out: Path = getattr(options, "out", usual)
    files = gather(readback=not options.no_readback)
    try:
        write_whole(out, packed(files, now))
    except OSError as exc:
        raise SinkError(
            f"{out} cannot be written: {exc.strerror}. Type: living-portrait support --out FILE.zip"
        ) from exc
    print(f"{out.absolute()} holds:")
    for name, text in files.items():
        print(f"  {name:24}  {len(text.encode()):>9,} bytes")
    say(
        "No photos, no names of photos, no tokens; your folder, your name and this machine's are "
        "taken out.\nNothing was sent. Look into it, then attach it to your report."
    )
    return 0


def packed(files: Mapping[str, str], now: time.struct_time) -> bytes:
    """Return the texts as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(f"living-portrait-support/{name}", now[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, text.encode("utf-8", "replace"))
    return buffer.getvalue()
