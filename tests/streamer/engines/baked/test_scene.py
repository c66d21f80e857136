"""What is played from disk: the very frame where it was baked, and no jump where it was not."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.animation.idle_style import IdleStyle
from streamer.animation.presets import Preset
from streamer.controls import Controls, Wishes
from streamer.engines import DeviceScene
from streamer.engines.baked.engine import BakedEngine
from streamer.engines.baked.scene import BakedScene
from streamer.engines.baked.store import Bake
from streamer.engines.warp.engine import WarpEngine
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.view import Frame, View

VIEW = View(640, 360)
NO_WEIGHTS = Path("nowhere")


def staged(folder: Path, photo: Photo, view: View = VIEW) -> BakedScene:
    engine = BakedEngine(folder, weights=NO_WEIGHTS)
    scene = engine.stage(engine.open(photo), view)
    assert isinstance(scene, BakedScene)
    return scene


@pytest.fixture
def scene(bakes: tuple[Path, Bake], photo: Photo) -> Iterator[BakedScene]:
    scene = staged(bakes[0], photo)
    yield scene
    scene.close()


def film(
    scene: BakedScene,
    style: IdleStyle,
    presets: dict[str, Preset],
    controls: Controls,
    seconds: float,
) -> list[tuple[Face, Frame]]:
    animator = Animator(seed=5, rest=scene.rest, presets=presets, styles={"eco": style})
    frames = []
    for k in range(round(seconds * 30)):
        face = animator.at(k / 30, controls.snapshot())
        frames.append((face, scene.render(face).copy()))
    return frames


def change(a: Frame, b: Frame) -> float:
    return float(np.abs(a.astype(np.int16) - b).mean())


def test_it_asks_for_idle_life_in_loops(scene: BakedScene) -> None:
    assert isinstance(scene, DeviceScene)
    assert scene.strained
    assert scene.ahead == 0


def test_idle_loops_follow_each_other_from_disk_alone(
    scene: BakedScene, short_idle: IdleStyle
) -> None:
    frames = film(scene, short_idle, {}, Controls(Wishes(idle_style="eco")), 9.0)

    assert scene.counts["near"] == scene.counts["composed"] == 0
    assert scene.counts["exact"] > 100
    seam = 4 * 30
    assert change(frames[seam - 1][1], frames[seam][1]) < 0.3


def test_a_preset_shows_in_the_second_frame_and_never_jumps(
    scene: BakedScene, short_idle: IdleStyle, played: dict[str, Preset], photo: Photo
) -> None:
    controls = Controls(Wishes(idle_style="eco"))
    controls.trigger("smile", 1.0, at=2.1)
    live = WarpEngine()
    truth = live.stage(live.open(photo), VIEW)

    frames = film(scene, short_idle, played, controls, 5.0)
    drawn = [truth.render(face).copy() for face, _ in frames]

    start = round(2.1 * 30)
    assert change(frames[start + 2][1], frames[start][1]) > 0.0
    for (_, before), (_, after), a, b in zip(frames, frames[1:], drawn, drawn[1:], strict=False):
        assert change(before, after) < 2.0 * change(a, b) + 0.25
    # What the same engine draws live, but for the scale of the plate and the JPEG.
    assert min(cv2.PSNR(b, t) for (_, b), t in zip(frames, drawn, strict=True)) > 33.0
    truth.close()


def test_a_preset_at_part_of_its_strength_is_part_of_it(
    scene: BakedScene, played: dict[str, Preset], short_idle: IdleStyle, photo: Photo
) -> None:
    controls = Controls(Wishes(idle_strength=0.0))
    controls.trigger("smile", 0.5, at=0.0)
    live = WarpEngine()
    truth = live.stage(live.open(photo), VIEW)

    for face, frame in film(scene, short_idle, played, controls, 1.2):
        assert cv2.PSNR(frame, truth.render(face)) > 33.0
    truth.close()


def test_head_moves_that_were_not_baked_are_added(scene: BakedScene, photo: Photo) -> None:
    live = WarpEngine()
    truth = live.stage(live.open(photo), VIEW)
    at_rest = truth.render(truth.rest).copy()
    turned = {**scene.rest, "head_yaw": 15.0, "head_roll": -6.0}
    scene.render(scene.rest)

    for _ in range(6):  # a jump of the face itself fades in
        frame = scene.render(turned)

    drawn = truth.render(turned)
    assert cv2.PSNR(frame, drawn) > 31.0
    assert cv2.PSNR(frame, drawn) > cv2.PSNR(frame, at_rest) + 5.0
    truth.close()


def test_two_presets_at_once_share_the_face(scene: BakedScene, photo: Photo) -> None:
    live = WarpEngine()
    truth = live.stage(live.open(photo), VIEW)
    both = {**scene.rest, "smile": 0.9, "wink": 39.0}

    for _ in range(6):
        frame = scene.render(both)

    assert scene.counts["composed"] > 0
    assert cv2.PSNR(frame, truth.render(both)) > 30.0
    assert scene.lacking == []
    truth.close()


def test_a_slider_that_there_is_no_picture_of_is_named(scene: BakedScene) -> None:
    for k in range(40):
        scene.render({**scene.rest, "lip_open": 90.0, "head_yaw": 0.05 * k})

    assert scene.lacking == ["lip_open"]

    for k in range(2):
        scene.render({**scene.rest, "head_yaw": 0.05 * k})
    assert scene.lacking == []


def test_a_damaged_clip_never_stops_the_picture(
    bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path
) -> None:
    shutil.copytree(bakes[0], tmp_path / "bakes")
    for i, path in enumerate(sorted((tmp_path / "bakes").rglob("*.clip"))):
        data = bytearray(path.read_bytes())
        if i == 0:
            path.write_bytes(data[: len(data) // 2])
            continue
        middle = len(data) // 2
        data[middle : middle + 4000] = bytes(4000)
        path.write_bytes(bytes(data))
    scene = staged(tmp_path / "bakes", photo)

    frames = [scene.render({**scene.rest, "smile": k / 30}).copy() for k in range(31)]

    assert all(abs(float(frame.mean()) - float(frames[0].mean())) < 6.0 for frame in frames)
    scene.close()


def test_a_view_mirrored_zoomed_and_shifted_shows_the_same(
    bakes: tuple[Path, Bake], photo: Photo
) -> None:
    live = WarpEngine()
    portrait = live.open(photo)

    for view in (
        replace(VIEW, mirror=True),
        replace(VIEW, zoom=2.5),
        replace(VIEW, fit="contain", zoom=0.4, fill="#203040"),
        replace(VIEW, offset_x=0.6, offset_y=-0.5),
    ):
        scene, truth = staged(bakes[0], photo, view), live.stage(portrait, view)
        face = {**scene.rest, "smile": 0.95}
        for _ in range(6):
            frame = scene.render(face)
        assert cv2.PSNR(frame, truth.render(face)) > 28.0
        scene.close()
        truth.close()


def test_a_closed_scene_refuses_to_draw(scene: BakedScene) -> None:
    scene.close()
    scene.close()

    with pytest.raises(EngineError, match="closed"):
        scene.render({**scene.rest, "smile": 0.1})
