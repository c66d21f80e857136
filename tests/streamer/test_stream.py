"""The whole stream without its doors: real photo, real engine, real threads, a small frame."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer import Config, ConfigError, PhotoError
from streamer.engines.choice import Choice, Options, choose_engine
from streamer.privacy import Card, privacy_picture
from streamer.stream import Stream
from streamer.view import Frame

WAIT_S = 60.0
CONFIG = Config(photo="mona-lisa", camera="none", size="320x180", seed=7, panel="off", osc="off")


class Watch:
    """A sink that wakes a waiting test at every frame."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.frames: list[Frame] = []

    def send(self, frame: Frame, t: float) -> None:
        with self._news:
            self.frames.append(frame.copy())
            self._news.notify_all()

    def close(self) -> None:
        pass

    def until(self, condition: Callable[[], bool]) -> bool:
        with self._news:
            return self._news.wait_for(condition, WAIT_S)

    def more(self, count: int) -> bool:
        goal = len(self.frames) + count
        return self.until(lambda: len(self.frames) >= goal)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def stream(watch: Watch, tmp_path: Path) -> Iterator[Stream]:
    stream = Stream(replace(CONFIG, photos=tmp_path, presets=tmp_path), sinks=[watch])
    stream.start()
    try:
        yield stream
    finally:
        stream.stop()


def difference(a: Frame, b: Frame) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_the_portrait_lives_and_comes_to_an_end_by_itself(watch: Watch) -> None:
    stream = Stream(replace(CONFIG, seconds=1.5, fps=20.0), sinks=[watch])
    stream.start()
    try:
        assert stream.rendering.finished.wait(WAIT_S)
    finally:
        stream.stop()

    report = stream.report()
    assert report["engine"] == "warp"
    assert report["photo"] == "mona-lisa"
    # More where the last frames were held up: the next deadline then lies beyond the end.
    assert int(str(report["frames"])) + int(str(report["dropped"])) >= 30
    assert difference(watch.frames[0], watch.frames[-1]) > 0.05
    assert set(report) >= {"first_frame_s", "interval_ms", "section_ms", "cpu_percent", "rss_mb"}


def test_a_cue_plays_and_state_tells_of_it(stream: Stream, watch: Watch) -> None:
    stream.controls.trigger("smile", source="test")
    assert watch.until(lambda: stream.state()["face"]["smile"] > 0.5)  # type: ignore[index]

    assert stream.state()["playing"] == ["smile"]
    assert watch.until(lambda: stream.state()["playing"] == [])


def test_another_portrait_is_taken_live(stream: Stream, watch: Watch) -> None:
    watch.more(2)
    before = watch.frames[-1]

    stream.change_photo("sample-image")
    watch.more(20)

    assert stream.state()["photo"] == "sample-image"
    assert difference(before, watch.frames[-1]) > 20
    picture = Image.open(io.BytesIO(stream.source_image()))
    assert picture.size == (512, 512)


@pytest.mark.parametrize("kind", ["no face", "no picture", "no such file", "outside"])
def test_a_photo_that_cannot_be_used_is_refused_and_the_portrait_stays(
    stream: Stream, watch: Watch, tmp_path: Path, kind: str
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    (tmp_path / "text.jpg").write_text("not a picture")
    name = {
        "no face": "noise",
        "no picture": "text",
        "no such file": "nobody",
        "outside": "../sample-image",
    }[kind]

    with pytest.raises(PhotoError) as refused:
        stream.change_photo(name)

    assert len(str(refused.value)) > 40  # a reason and advice
    assert name in str(stream.state()["photo_problem"])
    assert stream.state()["photo"] == "mona-lisa"
    assert watch.more(2)


def test_the_view_changes_live_but_never_the_frame_size(stream: Stream, watch: Watch) -> None:
    watch.more(2)
    before = watch.frames[-1]

    stream.change_view(zoom=2.0, mirror=True)
    watch.more(20)
    assert difference(before, watch.frames[-1]) > 5
    assert stream.state()["view"]["mirror"] is True  # type: ignore[index]

    with pytest.raises(ConfigError, match="--size"):
        stream.change_view(width=640)
    with pytest.raises(ConfigError, match="zoom"):
        stream.change_view(zoom=100.0)
    with pytest.raises(ConfigError, match="zoom"):
        stream.change_view(zooom=1.0)
    assert {f.shape for f in watch.frames} == {(180, 320, 3)}


def test_generating_a_preset_leaves_the_live_face_alone(stream: Stream, watch: Watch) -> None:
    frames = stream.generate("smile", fps=10.0)

    drawn = [f.frame.copy() for f in frames]

    assert frames.total == len(drawn) == 16
    assert (frames.width, frames.height) == (320, 180)
    assert difference(drawn[0], drawn[-1]) < 0.05  # from rest to rest
    assert difference(drawn[0], drawn[7]) > 0.1
    assert stream.state()["playing"] == []
    assert abs(stream.state()["face"]["smile"]) < 0.3  # type: ignore[index]


def test_generating_refuses_what_it_cannot_do(stream: Stream) -> None:
    with pytest.raises(KeyError, match="dance"):
        stream.generate("dance")
    for wrong in ({"fps": 0.0}, {"fps": 1000.0}, {"strength": 0.0}, {"strength": float("nan")}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            stream.generate("smile", **wrong)


def test_a_preset_written_while_it_runs_can_be_played_and_a_broken_one_is_named(
    stream: Stream, watch: Watch, tmp_path: Path
) -> None:
    text = (
        "name: hello\nlabel: {en: Hello, ko: 안녕}\nemoji: 👋\nduration_ms: 600\nmode: once\n"
        "keyframes:\n  - {time: 0.0, params: {}}\n  - {time: 0.5, params: {eyebrow: 25}}\n"
        "  - {time: 1.0, params: {}}\n"
    )
    (tmp_path / "hello.yaml").write_text(text, encoding="utf-8")
    assert watch.until(lambda: "hello" in stream.presets.presets)
    stream.controls.trigger("hello")
    assert watch.until(lambda: stream.state()["face"]["eyebrow"] > 15)  # type: ignore[index]

    (tmp_path / "hello.yaml").write_text(text.replace("eyebrow", "eyebrwo"), encoding="utf-8")
    assert watch.until(lambda: bool(stream.presets.problems))

    assert "hello" in stream.presets.presets  # the last good one stays
    assert watch.until(lambda: any("eyebrwo" in str(p) for p in stream.health()[1]["problems"]))  # type: ignore[attr-defined]


def test_a_wrong_style_or_engine_or_photo_is_an_error_before_anything_starts() -> None:
    for wrong, says in (
        ({"style": "wild"}, "calm"),
        ({"engine": "magic"}, "warp"),
        ({"photo": "mona-lise"}, "mona-lisa"),
    ):
        stream = Stream(replace(CONFIG, **wrong))  # type: ignore[arg-type]
        with pytest.raises((ConfigError, PhotoError), match=says):
            stream.start()
        stream.stop()


def test_health_says_stalled_when_frames_stop(stream: Stream, watch: Watch) -> None:
    watch.more(3)
    assert stream.health()[0]

    stream.stop()
    flowing, facts = stream.health(now=stream.stats.frames / 30.0 + 10.0)  # ten seconds later

    assert not flowing
    assert facts["status"] == "stalled"


def test_size_and_rate_change_on_air(stream: Stream, watch: Watch) -> None:
    watch.more(2)

    stream.change_output(size="160x160", fps=15.0)
    assert watch.until(lambda: watch.frames[-1].shape == (160, 160, 3))

    assert stream.state()["size"] == "160x160"
    assert stream.state()["fps_target"] == 15.0
    assert stream.choices()["size"] == "160x160"
    with pytest.raises(ConfigError, match="even"):
        stream.change_output(size="161x160")
    with pytest.raises(ConfigError, match="fps"):
        stream.change_output(fps=1000.0)
    assert stream.choices()["fps"] == 15.0
    assert watch.more(2)


def test_another_engine_takes_the_stage_or_the_present_one_stays(
    stream: Stream, watch: Watch
) -> None:
    watch.more(2)

    assert stream.change_engine("warp") == "Engine: warp, as asked."
    assert watch.more(15)
    with pytest.raises(ConfigError, match="Choose one of"):
        stream.change_engine("wrap")

    assert stream.choices()["engine"] == "warp"
    assert stream.state()["engine"]["name"] == "warp"  # type: ignore[index]
    assert stream.state()["problems"] == []


def test_privacy_hides_the_face_at_once_at_every_size(stream: Stream, watch: Watch) -> None:
    watch.more(2)
    face = watch.frames[-1]

    stream.set_privacy(True)
    count = len(watch.frames)
    watch.more(2)
    card = watch.frames[count + 1]
    assert difference(card, face) > 5
    assert stream.state()["privacy"] is True

    stream.change_output(size="200x100")
    assert watch.until(lambda: watch.frames[-1].shape == (100, 200, 3))
    watch.more(1)
    assert difference(watch.frames[-1], watch.frames[-1][::1, ::-1]) < 60  # the card, not a tear

    stream.set_privacy(False)
    assert stream.state()["privacy"] is False
    assert watch.more(15)


def test_privacy_does_not_wait_for_an_engine_that_is_being_loaded() -> None:
    loading, loaded = threading.Event(), threading.Event()

    def choose(options: Options) -> Choice:
        if options.engine == "warp" and options.device == "cpu":
            loading.set()
            loaded.wait(60)
        return choose_engine(options)

    stream = Stream(CONFIG, choose=choose)
    stream.start()
    change = threading.Thread(target=stream.change_engine, args=("warp", "cpu"))
    try:
        change.start()
        assert loading.wait(60)
        stream.set_privacy(True)
        assert stream.privacy
    finally:
        loaded.set()
        change.join()
        stream.stop()


def test_a_privacy_picture_that_is_gone_when_it_is_needed_still_hides_the_face(
    tmp_path: Path,
) -> None:
    said: list[str] = []

    card = Card(tmp_path / "gone.png", said.append).at(64, 36)

    assert np.array_equal(card, privacy_picture(None, 64, 36))
    assert "gone.png" in said[0]


def test_a_preset_can_be_tried_before_it_is_saved(stream: Stream, watch: Watch) -> None:
    draft = replace(stream.presets.presets["smile"], name="my_draft")

    stream.try_preset(draft)
    assert watch.until(lambda: stream.state()["playing"] == ["my_draft"])

    assert "my_draft" not in stream.presets.presets
    stream.reload_presets()
    assert watch.until(lambda: stream.state()["playing"] == [])


def test_a_privacy_picture_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="privacy picture"):
        Stream(replace(CONFIG, privacy_picture=tmp_path / "none.png")).start()
