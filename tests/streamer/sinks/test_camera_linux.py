import os
import struct
from pathlib import Path

import pytest

from streamer.sinks.camera_linux import (
    DeviceFormat,
    VideoDevices,
    parse_capabilities,
    parse_format,
)


def add_device(root: Path, number: int, label: str, *, loopback: bool = True) -> Path:
    entry = root / f"sys/class/video4linux/video{number}"
    entry.mkdir(parents=True)
    (entry / "name").write_text(f"{label}\n")
    if loopback:
        (entry / "format").write_text("")
        (entry / "max_openers").write_text("10\n")
    return entry


def test_devices_are_listed_by_number_with_their_labels(tmp_path: Path) -> None:
    add_device(tmp_path, 10, "Living Portrait")
    add_device(tmp_path, 2, "HD Webcam", loopback=False)
    (tmp_path / "sys/class/video4linux/v4l-subdev0").mkdir()

    found = VideoDevices(tmp_path).all()

    assert [(device.number, device.label, device.loopback) for device in found] == [
        (2, "HD Webcam", False),
        (10, "Living Portrait", True),
    ]
    assert found[1].path == str(tmp_path / "dev/video10")


def test_a_device_that_this_process_no_longer_has_open_is_seen(tmp_path: Path) -> None:
    device = Path(os.devnull).stat().st_rdev  # stands in for a camera's
    entry = add_device(tmp_path, 10, "Living Portrait")
    (entry / "dev").write_text(f"{os.major(device)}:{os.minor(device)}\n")
    files = tmp_path / "proc/self/fd"
    files.mkdir(parents=True)
    devices = VideoDevices(tmp_path)

    with open(os.devnull, "wb") as camera:  # noqa: PTH123
        (files / str(camera.fileno())).touch()
        assert devices.open_here("/dev/video10")
    assert not devices.open_here("/dev/video10")
    assert devices.open_here("/dev/video11"), "what cannot be seen is taken for well"


def test_a_machine_without_video_has_no_devices(tmp_path: Path) -> None:
    devices = VideoDevices(tmp_path)

    assert devices.all() == []
    assert not devices.listed("/dev/video10")
    assert devices.format("/dev/video10") is None


def test_a_label_of_any_bytes_is_read(tmp_path: Path) -> None:
    entry = add_device(tmp_path, 10, "")
    (entry / "name").write_bytes(b"Portr\xe4t\n")

    assert VideoDevices(tmp_path).all()[0].label.startswith("Portr")


def test_the_format_of_sysfs_is_read(tmp_path: Path) -> None:
    entry = add_device(tmp_path, 10, "Living Portrait")
    (entry / "format").write_text("YU12:1280x720@30\n")

    assert VideoDevices(tmp_path).format("/dev/video10") == DeviceFormat("YU12", 1280, 720)


@pytest.mark.parametrize("text", ["", "\n", "YU12", "YU12:1280", "YU12:axb@30"])
def test_a_text_that_is_no_format_is_none(text: str) -> None:
    assert parse_format(text) is None


@pytest.mark.parametrize("rate", ["30", "30000/1001"])
def test_the_rate_in_a_format_does_not_matter(rate: str) -> None:
    assert parse_format(f"YU12:640x360@{rate}\n") == DeviceFormat("YU12", 640, 360)


@pytest.mark.parametrize(
    ("flags", "device_flags", "capture", "output"),
    [
        # As v4l2loopback 0.12.7 answered: free, in use, stuck, freed with a reader attached.
        (0x85200002, 0x05200002, False, True),
        (0x85200001, 0x05200001, True, False),
        (0x85200000, 0x05200000, False, False),
        (0x85200003, 0x05200003, True, True),
        # One node of several that make up a device, which can do more together.
        (0x85200003, 0x05200001, True, False),
        # A driver without per-device flags.
        (0x05000001, 0x0, True, False),
    ],
)
def test_capabilities_are_those_of_the_device(
    flags: int, device_flags: int, capture: bool, output: bool
) -> None:
    answer = struct.pack(
        "16s32s32sIIIIII", b"v4l2 loopback", b"Cam", b"bus", 1, flags, device_flags, 0, 0, 0
    )

    found = parse_capabilities(answer)

    assert (found.driver, found.label) == ("v4l2 loopback", "Cam")
    assert (found.capture, found.output) == (capture, output)


def test_programs_that_hold_a_device_are_found_and_writers_told_apart(tmp_path: Path) -> None:
    node = tmp_path / "dev/video10"
    node.parent.mkdir()
    node.touch()
    for pid, name, flags in ((41, "zoom", "02104002"), (42, "obs", "0100001")):
        process = tmp_path / f"proc/{pid}"
        (process / "fd").mkdir(parents=True)
        (process / "fdinfo").mkdir()
        (process / "comm").write_text(f"{name}\n")
        (process / "fd/7").symlink_to(node)
        (process / "fdinfo/7").write_text(f"pos:\t0\nflags:\t{flags}\nmnt_id:\t5\n")
    (tmp_path / "proc/43").mkdir()  # another user's: nothing to see

    found = VideoDevices(tmp_path).holders(str(node))

    assert [(str(holder), holder.writes) for holder in found] == [
        ("zoom (pid 41)", False),
        ("obs (pid 42)", True),
    ]


def test_a_device_file_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        VideoDevices(tmp_path).capabilities(str(tmp_path / "dev/video10"))
