"""The camera sink and the real driver, seen through programs that read cameras."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.sinks.camera import CameraSink
from streamer.sinks.camera_choice import examine_camera
from tests.vm import guest
from tests.vm.guest import CAMERA, HEIGHT, WIDTH

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif("VCAM_VM" not in os.environ, reason="only inside vcam-vm"),
    pytest.mark.usefixtures("fresh_driver"),
]


def sink_of(device: str = "auto", width: int = WIDTH, height: int = HEIGHT) -> CameraSink:
    return CameraSink(device, width, height, 30)


def test_moving_bars_arrive_through_ffmpeg_in_the_right_colours_and_size() -> None:
    bars = guest.moving_bars()
    with contextlib.closing(sink_of()) as sink, guest.sending(sink, bars):
        received = guest.read_with_ffmpeg(8, WIDTH, HEIGHT)

    shown = [guest.shown_bars(picture) for picture in received]
    assert sum(number >= 0 for number in shown) >= 6, shown  # a torn one now and then
    assert len(set(shown)) > 2, shown


def test_moving_bars_arrive_through_opencv_at_720p() -> None:
    bars = guest.moving_bars(1280, 720)
    sink = sink_of(width=1280, height=720)
    with contextlib.closing(sink), guest.sending(sink, bars, fps=10):  # emulated: 10 at most
        received = guest.read_with_opencv(8)

    shown = [guest.shown_bars(picture) for picture in received]
    assert received[0].shape == (720, 1280, 3)
    assert sum(number >= 0 for number in shown) >= 5, shown
    assert len(set(shown)) > 2, shown


def test_frames_arrive_at_the_rate_they_are_sent() -> None:
    bars = guest.moving_bars(320, 180)  # small: converting a large one takes half a period here
    sink = sink_of(width=320, height=180)
    with contextlib.closing(sink), guest.sending(sink, bars), guest.StreamReader() as reader:
        reader.wait_for(121)

    rate = 120 / (reader.times[120] - reader.times[0])
    assert 27 <= rate <= 33, rate


def test_the_first_frame_is_there_at_once_and_stays_without_a_second() -> None:
    bars = guest.moving_bars()
    with contextlib.closing(sink_of()) as sink:
        assert sink.state.status == "attached"
        sink.send(bars[5], 0.0)
        received = guest.read_with_ffmpeg(2, WIDTH, HEIGHT)

    assert [guest.shown_bars(picture) for picture in received] == [5, 5]


def test_a_camera_that_appears_later_is_attached_and_shows_the_last_frame() -> None:
    guest.driver("unload")
    bars = guest.moving_bars()
    with contextlib.closing(sink_of()) as sink:
        missing = sink.state
        sink.send(bars[3], 0.0)
        guest.driver("load")
        attached = guest.until(sink, lambda state: state.status == "attached")
        received = guest.read_with_ffmpeg(1, WIDTH, HEIGHT)

    assert (missing.status, missing.reason) == ("waiting", "no-camera")
    assert attached.device == CAMERA
    assert attached.label == "Living Portrait"
    assert attached.message == ""
    assert guest.shown_bars(received[0]) == 3


def test_a_renderer_that_is_silent_for_12_seconds_is_not_seen_by_a_reader() -> None:
    with contextlib.closing(sink_of()) as sink, guest.StreamReader() as reader:
        with guest.sending(sink, guest.moving_bars()):
            reader.wait_for(10)
        time.sleep(12)
        gap = reader.worst_gap_s

    assert gap < 1.0
    assert sink.frames_repeated > 30


def test_a_camera_that_another_program_sends_to_is_named_and_taken_when_free() -> None:
    with guest.other_sender() as other, contextlib.closing(sink_of()) as sink:
        busy = sink.state
        other.kill()
        attached = guest.until(sink, lambda state: state.status == "attached")

    assert (busy.status, busy.reason) == ("waiting", "busy")
    assert f"(pid {other.pid})" in busy.message
    assert attached.message == ""


def test_a_camera_can_be_opened_again_and_again() -> None:
    for _ in range(3):
        with contextlib.closing(sink_of()) as sink:
            sink.send(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0.0)
            assert sink.state.status == "attached"
    with guest.other_sender():  # killed, so it gives nothing back
        pass
    with contextlib.closing(sink_of()) as sink:
        assert sink.state.status == "attached", sink.state


def test_after_a_crash_the_camera_is_taken_again_while_a_reader_is_attached() -> None:
    with guest.other_sender() as other, guest.StreamReader() as reader:
        reader.wait_for(5)
        other.kill()
        other.wait()
        with contextlib.closing(sink_of()) as sink:
            state = guest.until(sink, lambda state: state.status == "attached")
            so_far = len(reader.times)
            reader.wait_for(so_far + 5)

    assert state.message == ""


def test_a_reader_that_holds_another_size_gets_that_size_and_no_garbage(tmp_path: Path) -> None:
    bars = guest.moving_bars()
    seen = tmp_path / "frames.yuv"
    with contextlib.closing(sink_of()) as sink:
        sink.send(bars[0], 0.0)
        reader = guest.StreamReader(keep=str(seen))
        reader.wait_for(3)
    with contextlib.closing(sink_of(width=1280, height=720)) as sink:
        state = sink.state
        sink.send(guest.moving_bars(1280, 720)[7], 0.0)
        reader.wait_for(len(reader.times) + 8)
        reader.close()

    assert state.status == "attached"
    assert state.reason == "size-held"
    assert (state.width, state.height) == (WIDTH, HEIGHT)
    assert "v4l2-ctl" in state.message
    assert "640x360" in state.message
    data = np.fromfile(seen, np.uint8)
    size = WIDTH * HEIGHT * 3 // 2
    pictures = [
        guest.cv2.cvtColor(
            data[i * size : (i + 1) * size].reshape(-1, WIDTH), guest.cv2.COLOR_YUV2RGB_I420
        )
        for i in range(data.size // size)
    ]
    assert guest.shown_bars(pictures[-1]) == 7
    # Every picture on the way is the old one, black, or the new one.
    assert all(guest.shown_bars(p) in (0, 7) or p.max() <= 2 for p in pictures)


@pytest.mark.parametrize("watched", [False, True], ids=["no reader", "a reader"])
def test_writes_that_fail_in_silence_are_found_and_the_camera_is_opened_anew(
    watched: bool,
) -> None:
    bars = guest.moving_bars()
    device = Path(CAMERA).stat().st_rdev
    with contextlib.ExitStack() as stack:
        told: list[str] = []
        sink = CameraSink("auto", WIDTH, HEIGHT, 30, on_change=lambda s: told.append(s.message))
        stack.enter_context(contextlib.closing(sink))
        stack.enter_context(guest.sending(sink, bars, fps=10))
        if watched:
            reader = stack.enter_context(guest.StreamReader())
            reader.wait_for(10)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for entry in list(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError):
                if os.fstat(int(entry.name)).st_rdev == device:
                    os.dup2(nothing, int(entry.name))  # write() answers EBADF, send() nothing
        os.close(nothing)
        # The camera may be open again before anybody can look.
        guest.until(sink, lambda state: any("no longer takes the frames" in text for text in told))
        guest.until(sink, lambda state: state.status == "attached" and state.reason == "")
        if watched:  # 0.15 serves one reader at a time
            reader.wait_for(len(reader.times) + 10)
        else:
            received = guest.read_with_ffmpeg(3, WIDTH, HEIGHT)
            assert max(guest.shown_bars(picture) for picture in received) >= 0


def test_colours_are_what_the_driver_declares() -> None:
    """Bars in YUV as a reader gets them, against the formula of the standard that is declared."""
    bars = guest.moving_bars()[:1]
    with contextlib.closing(sink_of()) as sink, guest.sending(sink, bars, fps=10):
        guest.until(sink, lambda state: state.status == "attached")
        raw = guest.read_raw(1, WIDTH, HEIGHT)
        ask = ["v4l2-ctl", "-d", CAMERA, "--get-fmt-video"]
        declared = subprocess.run(ask, capture_output=True, text=True, check=True).stdout

    size = WIDTH * HEIGHT
    planes = (
        raw[:size].reshape(HEIGHT, WIDTH),
        raw[size : size * 5 // 4].reshape(HEIGHT // 2, WIDTH // 2),
        raw[size * 5 // 4 :].reshape(HEIGHT // 2, WIDTH // 2),
    )
    middles = [WIDTH // 16 + i * WIDTH // 8 for i in range(8)]
    seen = np.array(
        [[float(p[p.shape[0] // 2, x * p.shape[1] // WIDTH]) for p in planes] for x in middles]
    )
    print(declared)
    errors = {name: np.abs(seen - yuv(guest.BARS, *k)).max() for name, k in STANDARDS.items()}
    print(errors)
    assert "Quantization" in declared
    assert "BT.601" in declared.split("YCbCr")[1].splitlines()[0] or "sRGB" in declared, declared
    assert "Rec. 709" not in declared, declared
    assert errors["BT.601"] <= 1.5  # rounding, of each plane
    assert errors["BT.709"] > 8


# Source: ITU-R BT.601-7, 2.5.1, and BT.709-6, 3.2: the shares of red and blue in luma.
STANDARDS = {"BT.601": (0.299, 0.114), "BT.709": (0.2126, 0.0722)}


def yuv(colours: Sequence[tuple[int, int, int]], red: float, blue: float) -> NDArray[np.float64]:
    """Colours in limited range: black 16, white 235, chroma 16 to 240."""
    r, g, b = np.array(colours, float).T / 255.0
    y = red * r + (1.0 - red - blue) * g + blue * b
    u, v = (b - y) / (2.0 - 2.0 * blue), (r - y) / (2.0 - 2.0 * red)
    return np.stack((16 + 219 * y, 128 + 224 * u, 128 + 224 * v), axis=1)


def test_a_label_finds_its_camera_among_two() -> None:
    guest.driver("unload")
    names = 'card_label="Living Portrait,Spare"'
    guest.driver("load", "devices=2", "video_nr=10,11", "exclusive_caps=1,1", names)

    with contextlib.closing(sink_of("spare")) as sink, contextlib.closing(sink_of()) as first:
        assert sink.state.device == "/dev/video11"
        assert sink.state.label == "Spare"
        assert first.state.device == "/dev/video10"
        with contextlib.closing(sink_of("Nobody")) as nobody:
            assert nobody.state.reason == "no-such-camera"
            assert "/dev/video11 'Spare'" in nobody.state.message


def test_auto_takes_the_next_camera_when_the_first_is_busy() -> None:
    guest.driver("unload")
    names = 'card_label="Living Portrait,Spare"'
    guest.driver("load", "devices=2", "video_nr=10,11", "exclusive_caps=1,1", names)

    with guest.other_sender(), contextlib.closing(sink_of()) as sink:
        assert sink.state.device == "/dev/video11"


def test_a_real_webcam_is_not_written_to() -> None:
    guest.load_fake_webcam()
    webcam = next(
        (
            f"/dev/{entry.name}"
            for entry in sorted(Path("/sys/class/video4linux").glob("video*"))
            if "vivid" in (entry / "name").read_text()
        ),
        None,
    )
    assert webcam is not None, "vivid does not load"

    with contextlib.closing(sink_of(webcam)) as sink, contextlib.closing(sink_of()) as auto:
        assert sink.state.reason == "not-virtual"
        assert webcam in sink.state.message
        assert auto.state.device == CAMERA


def test_a_removed_device_file_is_reported_and_the_stream_goes_on() -> None:
    number = Path(CAMERA).stat().st_rdev
    with contextlib.closing(sink_of()) as sink, guest.StreamReader() as reader:
        reader.wait_for(2)
        Path(CAMERA).unlink()
        removed = guest.until(sink, lambda state: state.reason == "node-removed")
        so_far = len(reader.times)
        reader.wait_for(so_far + 5)
        with contextlib.closing(sink_of()) as late:
            assert late.state.reason == "node-removed"
        os.mknod(CAMERA, 0o20666, number)
        back = guest.until(sink, lambda state: state.reason == "")

    assert removed.status == "attached"
    assert back.status == "attached"


def test_a_user_without_permission_is_told_so_and_served_once_it_is_given() -> None:
    Path(CAMERA).chmod(0o600)
    program = (
        "import os, time, pyvirtualcam\n"
        "from streamer.sinks.camera import CameraSink\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sink = CameraSink('auto', 640, 360, 30)\n"
        "print(sink.state.reason, sink.state.message, flush=True)\n"
        "while sink.state.status != 'attached': time.sleep(0.1)\n"
        "print(sink.state.status, sink.state.message, flush=True)\n"
        "sink.close()"
    )

    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        Path(CAMERA).chmod(0o666)
        then = process.stdout.readline()

    assert said.startswith(f"permission No permission to write to {CAMERA}"), said
    assert "`sudo " in said or "--group-add video" in said  # the latter where it is a container
    assert then == "attached \n"


def test_a_driver_that_browsers_do_not_list_is_reported_and_used() -> None:
    guest.driver("unload")
    guest.driver("load", "devices=1", "video_nr=10", "exclusive_caps=0", 'card_label="Plain"')

    with contextlib.closing(sink_of()) as sink:
        assert sink.state.status == "attached"
        assert sink.state.reason == "no-exclusive-caps"


def test_doctor_finds_the_camera_without_taking_it() -> None:
    assert examine_camera("auto") == (f"{CAMERA} 'Living Portrait'", "")
    with contextlib.closing(sink_of()) as sink:
        assert sink.state.status == "attached"
        device, advice = examine_camera("auto")

    assert device is None
    assert "is in use" in advice
