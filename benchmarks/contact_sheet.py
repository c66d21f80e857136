"""Draw a labelled sheet of faces, to look at: every parameter, on any photo.

python -m benchmarks.contact_sheet --photo photo/mona-lisa.jpg --out FILE.jpg
    [--engine warp] [--columns 6] [--tile 320] [--part face|eyes|mouth]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from streamer.engines import Scene
from streamer.engines.choice import Options, choose_engine
from streamer.engines.warp.engine import WarpEngine, WarpPortrait
from streamer.parameters import Face
from streamer.photo import read_photo
from streamer.view import Frame, View

# A number is absolute, a percentage is of the photo's own ratio.
POSES: tuple[tuple[str, dict[str, float | str]], ...] = (
    ("rest", {}),
    ("eye_ratio 50%", {"eye_ratio": "50%"}),
    ("eye_ratio 0", {"eye_ratio": 0}),
    ("eye_ratio 0.8", {"eye_ratio": 0.8}),
    ("wink 39", {"wink": 39}),
    ("wink + smile", {"wink": 39, "smile": 0.8}),
    ("eyebrow 30", {"eyebrow": 30}),
    ("eyebrow -30", {"eyebrow": -30}),
    ("eyeball_x -30", {"eyeball_x": -30}),
    ("eyeball_x 30", {"eyeball_x": 30}),
    ("eyeball_y 63", {"eyeball_y": 63}),
    ("eyeball_y -63", {"eyeball_y": -63}),
    ("smile 0.5", {"smile": 0.5}),
    ("smile 1", {"smile": 1}),
    ("smile 1.3", {"smile": 1.3}),
    ("smile -0.3", {"smile": -0.3}),
    ("grin 15", {"grin": 15}),
    ("laugh", {"smile": 1.0, "lip_ratio": 0.3, "eye_ratio": "60%"}),
    ("lip_ratio 0.1", {"lip_ratio": 0.1}),
    ("lip_ratio 0.2", {"lip_ratio": 0.2}),
    ("lip_ratio 0.35", {"lip_ratio": 0.35}),
    ("lip_ratio 0.8", {"lip_ratio": 0.8}),
    ("lip_open 60", {"lip_open": 60}),
    ("lip_open -90", {"lip_open": -90}),
    ("pout 0.09", {"pout": 0.09}),
    ("pout -0.09", {"pout": -0.09}),
    ("purse 15", {"purse": 15}),
    ("purse -20", {"purse": -20}),
    ("kiss", {"purse": 12, "pout": 0.05, "lip_ratio": 0.08}),
    ("surprise", {"eyebrow": 30, "eye_ratio": 0.8, "lip_ratio": 0.35}),
    ("head_yaw -25", {"head_yaw": -25}),
    ("head_yaw -12", {"head_yaw": -12}),
    ("head_yaw 12", {"head_yaw": 12}),
    ("head_yaw 25", {"head_yaw": 25}),
    ("head_pitch -15", {"head_pitch": -15}),
    ("head_pitch 15", {"head_pitch": 15}),
    ("head_roll -15", {"head_roll": -15}),
    ("head_roll 15", {"head_roll": 15}),
    ("shift 0.19, 0.1", {"shift_x": 0.19, "shift_y": 0.1}),
    ("scale 0.9", {"scale": 0.9}),
    ("scale 1.2", {"scale": 1.2}),
    ("open, turned", {"head_yaw": -8, "head_pitch": 4, "lip_ratio": 0.2, "smile": 0.3}),
)

# What each part shows, in u (the distance between the irises) about the middle between them.
PARTS = {
    "face": (-2.3, -2.2, 2.3, 2.4),
    "eyes": (-1.0, -0.6, 1.0, 0.5),
    "mouth": (-0.85, 0.5, 0.85, 2.1),
}


def face_of(scene: Scene, values: dict[str, float | str]) -> Face:
    face = dict(scene.rest)
    for name, value in values.items():
        if isinstance(value, str):
            face[name] = scene.rest[name] * float(value.rstrip("%")) / 100.0
        else:
            face[name] = float(value)
    return face


def crop_box(portrait: WarpPortrait, view: View, part: str) -> tuple[int, int, int, int]:
    """Where a part of the face is in the frame."""
    image = portrait.photo.image
    marks = portrait.landmarks
    placed = marks.transformed(
        view.frame_from_photo(image.shape[1], image.shape[0], marks.framing())
    )
    x, y = 0.5 * (placed.eye_l.iris + placed.eye_r.iris)
    s0, t0, s1, t1 = (placed.unit * v for v in PARTS[part])
    return (
        max(0, int(x + s0)),
        max(0, int(y + t0)),
        min(view.width, int(x + s1)),
        min(view.height, int(y + t1)),
    )


def tile(frame: Frame, box: tuple[int, int, int, int], width: int, label: str) -> Image.Image:
    x0, y0, x1, y1 = box
    cut = frame[y0:y1, x0:x1]
    height = round(width * (y1 - y0) / (x1 - x0))
    way = cv2.INTER_AREA if width < x1 - x0 else cv2.INTER_CUBIC
    picture = Image.fromarray(np.asarray(cv2.resize(cut, (width, height), interpolation=way)))
    ImageDraw.Draw(picture).text(
        (6, 4),
        label,
        fill=(255, 255, 255),
        stroke_width=2,
        stroke_fill=(0, 0, 0),
        font=ImageFont.load_default(max(11, width // 22)),
    )
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--engine", default="warp")
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--tile", type=int, default=320, help="width of one picture, px")
    parser.add_argument("--part", choices=sorted(PARTS), default="face")
    options = parser.parse_args()

    view = View(width=1280, height=720)
    photo = read_photo(Path(options.photo))
    engine = choose_engine(Options(options.engine)).engine
    scene = engine.stage(engine.open(photo), view)
    # The built-in engine's landmarks say where the parts are, whichever engine draws.
    box = crop_box(WarpEngine().open(photo), view, options.part)
    tiles = [
        tile(scene.render(face_of(scene, values)), box, options.tile, label)
        for label, values in POSES
    ]
    rows = -(-len(tiles) // options.columns)
    sheet = Image.new("RGB", (options.columns * tiles[0].width, rows * tiles[0].height))
    for k, picture in enumerate(tiles):
        at = (k % options.columns * picture.width, k // options.columns * picture.height)
        sheet.paste(picture, at)
    sheet.save(options.out, quality=88)
    scene.close()
    engine.close()
    print(f"{options.out}: {len(tiles)} faces, {sheet.width}x{sheet.height}")


if __name__ == "__main__":
    main()
