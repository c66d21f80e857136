import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.sinks.camera import CHECK_S, RETRY_S, SILENCE_S, CameraSink, CameraState
from streamer.sinks.camera_advice import Machine
from streamer.sinks.camera_linux import DeviceFormat
from streamer.sinks.camera_loopback import LoopbackCameras
from tests.fakes import FakeClock
from tests.fakes_camera import FakeCamera, FakeDevice, FakeDriver

WIDTH, HEIGHT = 64, 36


class Rig:
    """A sink on a fake driver and a fake clock; `keep` is called by hand."""

    def __init__(self, *devices: FakeDevice) -> None:
        self.clock = FakeClock()
        self.driver = FakeDriver(*devices)
        self.changes: list[CameraState] = []
        self.sinks: list[CameraSink] = []

    def sink(
        self,
        device: str = "auto",
        width: int = WIDTH,
        height: int = HEIGHT,
        keeper: bool = False,
        native: Callable[[str], NDArray[np.uint8] | None] = lambda pixel_format: None,
    ) -> CameraSink:
        system = LoopbackCameras(
            self.driver, self.driver.open_camera, lambda: Machine("Linux", "6.1")
        )
        sink = CameraSink(
            device,
            width,
            height,
            30,
            on_change=self.changes.append,
            native=native,
            system=system,
            now=self.clock,
            keeper=keeper,
        )
        self.sinks.append(sink)
        return sink

    def pass_time(self, sink: CameraSink, seconds: float) -> None:
        """Let the keeper run as its thread does, ten times a second."""
        for _ in range(round(seconds * 10)):
            self.clock.sleep(0.1)
            sink.keep()


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice("/dev/video10")


@pytest.fixture
def rig(device: FakeDevice) -> Iterator[Rig]:
    rig = Rig(device)
    yield rig
    for sink in rig.sinks:
        sink.close()


def grey(value: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def luma(written: NDArray[np.uint8]) -> int:
    return int(written[0])


WHITE, BLACK = 235, 16  # limited range


def test_the_camera_is_taken_at_the_start_with_a_black_frame(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()

    assert sink.state.status == "attached"
    assert sink.state.device == "/dev/video10"
    assert sink.state.label == "Living Portrait"
    assert sink.state.native_format == "I420"
    assert sink.state.message == ""
    assert [luma(frame) for frame in device.written] == [BLACK]


def test_the_first_frame_is_sent_at_once(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()

    sink.send(grey(255), 0.0)

    assert luma(device.written[-1]) == WHITE


def test_without_a_camera_nothing_is_raised_and_the_state_says_what_to_type() -> None:
    rig = Rig()

    sink = rig.sink()
    sink.send(grey(255), 0.0)
    sink.close()

    waiting, closed = rig.changes
    assert (waiting.status, waiting.reason) == ("waiting", "no-camera")
    assert "modprobe v4l2loopback" in waiting.message
    assert closed.status == "closed"


def test_a_camera_that_appears_is_attached_with_the_newest_frame_and_said_once() -> None:
    rig = Rig()
    sink = rig.sink()
    sink.send(grey(255), 0.0)
    rig.pass_time(sink, 3 * RETRY_S)
    device = FakeDevice("/dev/video10")
    rig.driver.devices.append(device)

    rig.pass_time(sink, RETRY_S + 0.1)
    rig.pass_time(sink, 5.0)

    assert [state.status for state in rig.changes] == ["waiting", "attached"]
    assert luma(device.written[0]) == WHITE
    sink.close()


def test_while_waiting_few_frames_are_converted() -> None:
    rig = Rig()
    sink = rig.sink()
    for number in range(30):
        sink.send(grey(8 * number), number / 30)
    device = FakeDevice("/dev/video10")
    rig.driver.devices.append(device)

    rig.pass_time(sink, RETRY_S + 0.1)

    # The clock stood still: only the first of the thirty was made ready.
    assert luma(device.written[0]) == BLACK
    sink.close()


def test_a_silent_renderer_is_filled_with_the_last_frame(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()
    sink.send(grey(255), 0.0)
    before = len(device.written)

    rig.pass_time(sink, 10.0)

    repeated = device.written[before:]
    assert len(repeated) >= 10.0 / (SILENCE_S + 0.1) - 2
    assert all(luma(frame) == WHITE for frame in repeated)
    assert sink.frames_repeated == len(repeated)


def test_a_renderer_in_time_is_not_repeated(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()

    for number in range(60):
        sink.send(grey(100), number / 30)
        rig.clock.sleep(1 / 30)
        sink.keep()

    assert sink.frames_repeated == 0
    assert len(device.written) == 61


def test_the_keeper_thread_fills_the_silence_by_itself(rig: Rig, device: FakeDevice) -> None:
    enough = threading.Event()

    def written() -> None:
        rig.clock.sleep(SILENCE_S)
        if len(device.written) > 3:
            enough.set()

    device.on_write = written

    rig.sink(keeper=True)

    assert enough.wait(timeout=60)


def test_frames_of_another_size_are_scaled_and_the_camera_keeps_its_own(
    rig: Rig, device: FakeDevice
) -> None:
    sink = rig.sink()

    sink.send(grey(255, 128, 72), 0.0)
    sink.send(grey(255, 20, 36), 0.1)

    assert len(rig.driver.opened) == 1
    assert {frame.size for frame in device.written} == {WIDTH * HEIGHT * 3 // 2}
    first_row = device.written[-1][:WIDTH]
    assert first_row[0] == BLACK  # the border of the narrow one
    assert first_row[WIDTH // 2] == WHITE


def test_a_reader_that_holds_another_size_is_given_that_size(rig: Rig, device: FakeDevice) -> None:
    device.held = DeviceFormat("YU12", 32, 18)

    sink = rig.sink()
    sink.send(grey(255), 0.0)

    assert sink.state.status == "attached"
    assert sink.state.reason == "size-held"
    assert (sink.state.width, sink.state.height) == (32, 18)
    assert "zoom (pid 200)" in sink.state.message
    assert "64x36" in sink.state.message
    assert {frame.size for frame in device.written} == {32 * 18 * 3 // 2}
    assert luma(device.written[-1]) == WHITE


def test_a_reader_that_holds_a_format_that_is_not_ours_gets_nothing(
    rig: Rig, device: FakeDevice
) -> None:
    device.held = DeviceFormat("YUYV", 64, 36)

    sink = rig.sink()
    sink.send(grey(255), 0.0)

    assert (sink.state.status, sink.state.reason) == ("waiting", "size-held")
    assert device.written == []
    device.held = None
    rig.pass_time(sink, RETRY_S + 0.1)
    assert sink.state.status == "attached"


def test_a_camera_whose_frames_no_longer_arrive_is_opened_again(
    rig: Rig, device: FakeDevice
) -> None:
    sink = rig.sink()
    sink.send(grey(255), 0.0)
    assert isinstance(device.writer, FakeCamera)
    device.writer.close()  # its file descriptor, say; nobody reports that

    rig.pass_time(sink, CHECK_S + 0.2)

    assert [state.status for state in rig.changes] == ["attached", "waiting", "attached"]
    assert rig.changes[1].reason == "vanished"
    assert luma(device.written[0]) == WHITE


def test_a_size_that_the_driver_took_from_elsewhere_is_followed(
    rig: Rig, device: FakeDevice
) -> None:
    sink = rig.sink()
    device.held = device.format = DeviceFormat("YU12", 32, 18)

    rig.pass_time(sink, CHECK_S + 0.2)
    sink.send(grey(255), 0.0)

    assert [state.reason for state in rig.changes] == ["", "size-held", "size-held"]
    assert (sink.state.status, sink.state.width) == ("attached", 32)
    assert {frame.size for frame in device.written} == {32 * 18 * 3 // 2}


def test_a_device_that_is_gone_is_waited_for(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()
    rig.driver.devices.clear()

    rig.pass_time(sink, CHECK_S + 0.2)
    gone = sink.state
    rig.driver.devices.append(FakeDevice("/dev/video10"))
    rig.pass_time(sink, RETRY_S + 0.2)

    assert (gone.status, gone.reason) == ("waiting", "no-camera")
    assert [state.reason for state in rig.changes] == ["", "vanished", "no-camera", ""]
    assert sink.state.status == "attached"


def test_a_write_that_fails_aloud_is_reported_and_repaired(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()
    assert isinstance(device.writer, FakeCamera)
    device.writer.error = RuntimeError("sharing mode lost")

    sink.send(grey(255), 0.0)  # the render thread is not hit
    sink.keep()

    assert [state.status for state in rig.changes] == ["attached", "waiting", "attached"]
    assert "sharing mode lost" in rig.changes[1].message


def test_a_removed_device_file_is_told_without_closing_the_camera(
    rig: Rig, device: FakeDevice
) -> None:
    sink = rig.sink()
    device.node = False
    rig.pass_time(sink, CHECK_S + 0.2)
    removed = sink.state
    device.node = True

    rig.pass_time(sink, CHECK_S + 0.2)

    assert (removed.status, removed.reason) == ("attached", "node-removed")
    assert (sink.state.status, sink.state.reason) == ("attached", "")
    assert len(rig.driver.opened) == 1


def test_after_close_the_camera_can_be_opened_again_on_a_driver_that_sticks(
    rig: Rig, device: FakeDevice
) -> None:
    for _ in range(3):
        sink = rig.sink()
        assert sink.state.status == "attached"
        sink.close()

    assert not device.stuck


def test_close_twice_and_a_late_frame_are_harmless(rig: Rig, device: FakeDevice) -> None:
    sink = rig.sink()
    sink.close()
    written = len(device.written)

    sink.close()
    sink.send(grey(255), 0.0)

    assert len(device.written) == written
    assert sink.state.status == "closed"
    assert [state.status for state in rig.changes] == ["attached", "closed"]


def test_an_odd_size_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ConfigError, match="65x36"):
        Rig().sink(width=65)


def test_a_frame_that_is_in_the_cameras_format_already_is_not_converted(
    rig: Rig, device: FakeDevice
) -> None:
    ready = np.arange(WIDTH * HEIGHT * 3 // 2, dtype=np.uint32).astype(np.uint8)
    sink = rig.sink(native=lambda pixel_format: ready if pixel_format == "I420" else None)

    sink.send(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0.0)
    assert np.array_equal(device.written[-1], ready)

    sink.send(np.zeros((HEIGHT * 2, WIDTH * 2, 3), np.uint8), 0.0)  # of another size it is
    assert not np.array_equal(device.written[-1], ready)
