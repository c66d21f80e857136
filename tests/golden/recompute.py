"""Every array of a golden archive, computed by this project's code.

Inputs (``.../in_*``) that the archive stores are taken as they are; all others come from the
recipe. Nothing depends on the archive's salt.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from streamer.engines.liveportrait import crop, faces, ratios
from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.expression import OFFSETS, offsets
from streamer.engines.liveportrait.keypoints import (
    Motion,
    degrees_from_bins,
    place_source,
    rotation,
)
from streamer.engines.liveportrait.model import Encoded, Model
from streamer.engines.liveportrait.networks.warping import coordinate_grid
from streamer.engines.liveportrait.paste_back import PasteBack, mask_template, pixels
from streamer.engines.liveportrait.retargeting import Ratios, at_rest, eye_delta, lip_delta, stitch
from streamer.engines.liveportrait.weights import Networks
from streamer.parameters import Face, neutral_face
from tests.golden import weights_recipe as recipe
from tests.golden.archive import Archive
from tests.golden.trace import Trace

Named = Iterator[tuple[str, np.ndarray]]
Part = Callable[[], Named]

# The reference's names of its sliders -> ours. Its caller negates `mov_x`, ours is negated inside.
SLIDERS = {
    "smile": "smile",
    "wink": "wink",
    "eyebrow": "eyebrow",
    "lip_variation_zero": "pout",
    "lip_variation_one": "purse",
    "lip_variation_two": "grin",
    "lip_variation_three": "lip_open",
    "mov_x": "shift_x",
    "mov_y": "shift_y",
    "eyeball_direction_x": "eyeball_x",
    "eyeball_direction_y": "eyeball_y",
    "input_head_pitch_variation": "head_pitch",
    "input_head_yaw_variation": "head_yaw",
    "input_head_roll_variation": "head_roll",
    "mov_z": "scale",
    "input_eye_ratio": "eye_ratio",
    "input_lip_ratio": "lip_ratio",
}


class Recomputer:
    """Answers an archive part by part; networks are loaded when the first part needs them."""

    def __init__(self, archive: Archive, networks: Callable[[], Networks], device: str) -> None:
        self.archive = archive
        self.salt = archive.salt
        self.device = device
        self._load = networks
        self._sources: dict[str, tuple[Encoded, Driver, Mapping[str, np.ndarray]]] = {}

    @cached_property
    def model(self) -> Model:
        return Model(self._load(), self.device)

    def parts(self) -> dict[str, Part]:
        """Return what can be computed by itself, by the prefix of its arrays' names."""
        manifest = self.archive.manifest
        parts: dict[str, Part] = {
            "math/headpose": self.headpose,
            "math/rotation": self.rotations,
            "math/transform_keypoint": self.placed,
            "math/stitching": self.stitched,
            "math/retarget": self.retargeted,
            "math/slider": self.sliders,
            "math/parse_output": self.parsed,
            "math/prepare_source": self.prepared,
            "crop/mask": self.mask,
            "crop/resize_to_limit": self.limits,
            "ratio": self.measured,
            "landmark": self.landmarks,
        }
        for case in manifest["crop_cases"]:
            parts[f"crop/{case['name']}"] = lambda case=case: self.crop_case(case)
        for name, size in {"wide": (480, 640), "tall": (900, 600)}.items():
            parts[f"detect/{name}"] = lambda name=name, size=size: self.detected(name, *size)
        parts |= {
            "module/appearance_feature_extractor": self.appearance,
            "module/motion_extractor": self.motion,
            "module/warping": self.warping,
            "module/spade_generator": self.generator,
            "module/mlp": self.mlps,
        }
        for source in dict.fromkeys(manifest["e2e_source_of"].values()):
            parts[f"e2e_source/{source}"] = lambda source=source: self.source(source)
        for scenario in manifest["scenarios"]:
            parts[f"e2e/{scenario}"] = lambda scenario=scenario: self.scenario(scenario)
        return parts

    # ------------------------------------------------------------------ inputs

    def given(self, prefix: str) -> dict[str, torch.Tensor]:
        """The stored inputs of a part, by the rest of their names."""
        start = f"{prefix}/in_"
        return {
            name.removeprefix(start): torch.from_numpy(self.archive[name].copy()).to(self.device)
            for name in self.archive.names(start)
        }

    def inputs(self, prefix: str) -> Named:
        """Give a part's stored inputs back: they are answered by being used."""
        for name in self.archive.names(f"{prefix}/in"):
            yield name, self.archive[name]

    def image(self, name: str, height: int, width: int) -> np.ndarray:
        return recipe.synth_image(self.salt, name, height, width)

    def array(self, name: str, shape: tuple[int, ...], **scale: float) -> torch.Tensor:
        values = recipe.synth_array(self.salt, name, shape, **scale)
        return torch.from_numpy(values).to(self.device)

    # ------------------------------------------------------------------ math

    def headpose(self) -> Named:
        yield from self.inputs("math/headpose")
        given = self.given("math/headpose")
        yield "math/headpose/degrees", host(degrees_from_bins(given["logits"]))

    def rotations(self) -> Named:
        yield from self.inputs("math/rotation")
        degrees = self.given("math/rotation")["degrees"]
        yield "math/rotation/R", host(rotation(*degrees.split(1, dim=1)))
        single = 20.0 * torch.eye(3, device=self.device)
        yield "math/rotation/R_single_axis", host(rotation(*single.split(1, dim=1)))

    def placed(self) -> Named:
        yield from self.inputs("math/transform_keypoint")
        given = self.given("math/transform_keypoint")
        motion = Motion(*(given[k] for k in ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")))
        yield "math/transform_keypoint/out", host(place_source(motion))

    @torch.inference_mode()
    def stitched(self) -> Named:
        yield from self.inputs("math/stitching")
        given = self.given("math/stitching")
        x_s, x_d = given["kp_source"], given["kp_driving"]
        net = self.model.networks.stitching
        both = torch.cat((x_s.flatten(1), x_d.flatten(1)), dim=1)
        yield "math/stitching/raw_delta", host(net(both))
        yield "math/stitching/out", host(stitch(net, x_s, x_d))

    @torch.inference_mode()
    def retargeted(self) -> Named:
        yield from self.inputs("math/retarget")
        given = self.given("math/retarget")
        nets = self.model.networks
        x_s = self.given("math/stitching")["kp_source"]
        eyes, lips = [], []
        for i, (eye, lip) in enumerate(zip(given["eye_ratio"], given["lip_ratio"], strict=True)):
            left, right, target = eye.tolist()
            eyes.append(host(eye_delta(nets.eye, x_s[i : i + 1], (left, right), target)))
            lips.append(host(lip_delta(nets.lip, x_s[i : i + 1], *lip.tolist())))
        yield "math/retarget/eye_delta", np.concatenate(eyes)
        yield "math/retarget/lip_delta", np.concatenate(lips)

    def sliders(self) -> Named:
        for name in self.archive.names("math/slider/"):
            if not name.endswith("/in"):
                continue
            values = self.archive[name]
            yield name, values
            official = name.split("/")[2]
            if official == "eyeball":
                deltas = [_offsets(eyeball_x=float(x), eyeball_y=float(y)) for x, y in values]
            else:
                sign = -1.0 if official == "mov_x" else 1.0
                deltas = [_offsets(**{SLIDERS[official]: sign * float(v)}) for v in values]
            yield f"math/slider/{official}/delta", np.stack(deltas)

    def parsed(self) -> Named:
        stored = self.archive["math/parse_output/in"]
        yield "math/parse_output/in", stored
        yield "math/parse_output/out", pixels(stored)[None]

    def prepared(self) -> Named:
        for name, size in {"256": (256, 256), "tall": (300, 200), "big": (700, 900)}.items():
            image = crop.input_of_photo(self.image(f"prep_{name}", *size))
            yield f"math/prepare_source/{name}", crop.network_input(image)

    # ------------------------------------------------------------------ crop, ratios, faces

    def crop_case(self, case: Mapping[str, Any]) -> Named:
        name = f"crop/{case['name']}"
        yield from self.inputs(name)
        points = self.archive[f"{name}/in_landmarks"]
        photo = self.image("photo", case["image_h"], case["image_w"])
        where = crop.crop_map(
            points,
            side_px=case["dsize"],
            scale=case["scale"],
            up=case["vy_ratio"],
            turned=case["rot"],
        )
        cut = where.cut(photo)
        yield f"{name}/M_o2c", where.crop_from_photo
        yield f"{name}/M_c2o", where.photo_from_crop
        yield f"{name}/pt_crop", where.to_crop(points)[:16]
        yield f"{name}/img_crop", cut
        if case["dsize"] == crop.CROP_PX:
            yield f"{name}/img_256", crop.input_of_crop(cut)
            paste_back = PasteBack.into(photo, where.photo_from_crop)
            yield f"{name}/mask_ori", paste_back.mask.repeat(3, axis=2)
            pasted = self.image(f"pasted_{case['name']}", crop.CROP_PX, crop.CROP_PX)
            yield f"{name}/pasted", paste_back.paste(pasted)

    def mask(self) -> Named:
        yield "crop/mask_template", mask_template()
        yield "crop/mask_template_corner", mask_template()[:24, :24]

    def limits(self) -> Named:
        yield from self.inputs("crop/resize_to_limit")
        sizes = self.archive["crop/resize_to_limit/in_hw"]
        for name in self.archive.names("crop/resize_to_limit/out_hw_"):
            longest, multiple = (int(part) for part in name.split("_")[-2:])
            limited = [crop.limited_size(int(h), int(w), longest, multiple) for h, w in sizes]
            yield name, np.array(limited, sizes.dtype)

    def measured(self) -> Named:
        yield from self.inputs("ratio")
        sets = self.archive["ratio/in_landmarks"]
        eyes = np.stack([ratios.eye_ratios(points) for points in sets])
        lips = np.array([[ratios.lip_ratio(points)] for points in sets], np.float32)
        yield "ratio/eye", eyes
        yield "ratio/lip", lips
        for name in self.archive.names("ratio/combined_"):
            _, part, target = name.rsplit("_", 2)[-3:]
            measured = eyes if part == "eye" else lips
            column = np.full((len(sets), 1), float(target), np.float32)
            yield name, np.hstack((measured, column))

    def detected(self, name: str, height: int, width: int) -> Named:
        # The reference reads BGR; the recipe's picture stands for that array.
        photo = np.ascontiguousarray(self.image(f"det_{name}", height, width)[..., ::-1])
        session = Canned(self._detector_outputs(), "input.1")
        blob, scale = faces.detector_input(photo)
        yield f"detect/{name}/blob", blob
        found = faces.decode_detector(session.run(None, {"input.1": blob}), scale)
        yield f"detect/{name}/boxes", found.boxes[:40]
        yield f"detect/{name}/kps", found.points[:40]
        count = self.archive[f"detect/{name}/count"]
        yield f"detect/{name}/count", np.array([len(found.boxes)], count.dtype)
        largest = faces.detect(session, photo).boxes
        yield f"detect/{name}/sorted_boxes", largest[:10, :4]
        blob_106, where = faces.points_106_input(photo, largest[0])
        yield f"detect/{name}/blob106", blob_106
        answer = recipe.synth_array(self.salt, "det/lmk106", (1, 212), 0.0, 0.35)
        yield f"detect/{name}/landmark_2d_106", faces.decode_106(answer, where)

    def landmarks(self) -> Named:
        case = next(c for c in self.archive.manifest["crop_cases"] if c["name"] == "g106")
        photo = self.image("photo", case["image_h"], case["image_w"])
        points = self.archive["crop/g106/in_landmarks"]
        blob, _ = faces.points_203_input(photo, points)
        yield "landmark/blob203", blob
        answer = recipe.synth_array(self.salt, "det/lmk203", (1, 406), 0.5, 0.2)
        unused = np.zeros((1, 1), np.float32)
        session = Canned([unused, unused, answer], "input")
        yield "landmark/203", faces.find_203(session, photo, points)

    def _detector_outputs(self) -> list[np.ndarray]:
        def uniform(kind: str, stride: int, size: int) -> np.ndarray:
            cells = (faces.DETECTOR_PX // stride) ** 2 * 2
            return recipe.uniform01(f"{self.salt}:det:{kind}{stride}", (cells, size))

        outputs = [uniform("score", s, 1) ** 60 for s in faces.STRIDES]
        outputs += [1 + 4 * uniform("box", s, 4) for s in faces.STRIDES]
        outputs += [4 * uniform("kps", s, 10) - 2 for s in faces.STRIDES]
        return [output.astype(np.float32) for output in outputs]

    # ------------------------------------------------------------------ networks

    def face256(self) -> torch.Tensor:
        image = crop.network_input(self.image("face256", 256, 256))
        return torch.from_numpy(image).to(self.device)

    @torch.inference_mode()
    def appearance(self) -> Named:
        with self.traced("appearance_feature_extractor", self.model.networks.appearance) as trace:
            out = self.model.networks.appearance(self.face256())
        yield "module/appearance_feature_extractor/out", host(out)
        yield from trace.arrays()

    @torch.inference_mode()
    def motion(self) -> Named:
        with self.traced("motion_extractor", self.model.networks.motion) as trace:
            heads = self.model.networks.motion(self.face256())
        for name, head in heads._asdict().items():
            yield f"module/motion_extractor/{name}", host(head)
        yield from trace.arrays()

    @torch.inference_mode()
    def warping(self) -> Named:
        feature = self.array("module/feature_3d", (1, 32, 16, 64, 64))
        kp_source = self.array("module/kp_source", (1, 21, 3), std=0.35)
        kp_driving = kp_source + self.array("module/kp_shift", (1, 21, 3), std=0.06)
        yield "module/warping/in_kp_source", host(kp_source)
        yield "module/warping/in_kp_driving", host(kp_driving)
        network = self.model.networks.warping
        dense = network.dense_motion_network
        depth, height, width = feature.shape[2:]
        grid = coordinate_grid(depth, height, width, like=feature)
        motions = dense.motions(grid, kp_driving, kp_source)
        yield "module/warping/sparse_motion", host(motions)
        yield "module/warping/deformed_feature", host(dense.deform(feature, motions))
        yield "module/warping/heatmap", host(dense.heat(grid, kp_driving, kp_source))
        with self.traced("warping_module", network) as trace:
            warped = network(feature, kp_driving, kp_source)
        yield "module/warping/mask", host(warped.motion.mask)
        yield "module/warping/deformation", host(warped.motion.deformation)
        yield "module/warping/occlusion_map", host(warped.motion.occlusion)
        yield "module/warping/out", host(warped.features)
        yield from trace.arrays()

    @torch.inference_mode()
    def generator(self) -> Named:
        with self.traced("spade_generator", self.model.networks.generator) as trace:
            out = self.model.networks.generator(self.array("module/seg", (1, 256, 64, 64)))
        yield "module/spade_generator/out", host(out)
        yield from trace.arrays()

    @torch.inference_mode()
    def mlps(self) -> Named:
        nets = self.model.networks
        for name, net in {"stitching": nets.stitching, "lip": nets.lip, "eye": nets.eye}.items():
            stored = self.archive[f"module/{name}/in"]
            yield f"module/{name}/in", stored
            answer = net(torch.from_numpy(stored.copy()).to(self.device))
            yield f"module/{name}/out", host(answer)

    def traced(self, module: str, network: torch.nn.Module) -> Trace:
        return Trace(module, network, self.archive.manifest["traces"][module])

    # ------------------------------------------------------------------ end to end

    def source(self, source: str) -> Named:
        for name, array in self._source(source)[2].items():
            yield f"e2e_source/{source}/{name}", array

    def scenario(self, scenario: str) -> Named:
        settings = self.archive.manifest["scenarios"][scenario]
        encoded, driver, stored = self._source(self.archive.manifest["e2e_source_of"][scenario])
        if not settings["flag_stitching_retargeting_input"]:
            driver = driver.unstitched()
        face = _face(settings, driver.ratios)
        with torch.inference_mode():
            steps = driver.steps(face)
        name = f"e2e/{scenario}"
        rest = driver.ratios
        yield f"{name}/source_ratios", np.array([rest.eye, rest.lip], np.float32)
        yield f"{name}/R_d", host(steps.turn)
        yield f"{name}/exp_after_sliders", host(steps.exp)
        if steps.eyes is not None:
            condition = [[*rest.eyes, face["eye_ratio"]]]
            yield f"{name}/eye_condition", np.array(condition, np.float32)
            yield f"{name}/eyes_delta", host(steps.eyes)
        if steps.lips is not None:
            condition = [[rest.mouth, face["lip_ratio"]]]
            yield f"{name}/lip_condition", np.array(condition, np.float32)
            yield f"{name}/lip_delta", host(steps.lips)
        if driver.stitched:
            yield f"{name}/x_d_before_stitching", host(steps.before_stitching)
        yield f"{name}/x_d", host(steps.x_d)
        drawn = self.model.draw(encoded, steps.x_d, driver.x_s)
        yield f"{name}/occlusion_map", host(drawn.warped.motion.occlusion)
        yield f"{name}/deformation", host(drawn.warped.motion.deformation)
        yield f"{name}/warped", host(drawn.warped.features)
        image = host(drawn.image)
        yield f"{name}/image", image
        yield f"{name}/image_u8", pixels(image)
        if settings["flag_do_crop_input_retargeting_image"]:
            photo = self._photo(self.archive.manifest["e2e_source_of"][scenario])
            pasted = PasteBack.into(photo, stored["M_c2o"]).paste(pixels(image))
            yield f"{name}/pasted_u8", pasted

    def _photo(self, source: str) -> np.ndarray:
        name = source.rsplit("_scale", 1)[0]
        size = self.archive.manifest["e2e_images"][name]
        return crop.limit(self.image(name, size["height"], size["width"]))

    def _source(self, source: str) -> tuple[Encoded, Driver, Mapping[str, np.ndarray]]:
        """Encode a source once; several scenarios drive it."""
        if source in self._sources:
            return self._sources[source]
        manifest = self.archive.manifest
        name, scale = source.rsplit("_scale", 1)
        about = manifest["e2e_images"][name]
        photo = self._photo(source)
        cropped = any(
            manifest["scenarios"][scenario]["flag_do_crop_input_retargeting_image"]
            for scenario, of in manifest["e2e_source_of"].items()
            if of == source
        )

        def points(count: int) -> np.ndarray:
            at = about["centre"], about["size"], about["roll"]
            return recipe.synth_landmarks(self.salt, f"e2e_{name}", count, *at)

        arrays: dict[str, np.ndarray] = {}
        if cropped:
            where = crop.crop_map(points(106), scale=float(scale))
            small = crop.input_of_crop(where.cut(photo))
            arrays["M_c2o"] = where.photo_from_crop
            mask = PasteBack.into(photo, where.photo_from_crop).mask
            arrays["mask_ori"] = mask.repeat(3, axis=2)
        else:
            small = crop.input_of_photo(photo)
        encoded = self.model.encode(small)
        landmarks = points(203)
        left, right = (float(v) for v in ratios.eye_ratios(landmarks))
        mouth = float(ratios.lip_ratio(landmarks))
        # The reference's own switch, and its sliders' starts however wide the mouth is.
        rest = at_rest((left, right), mouth, 0.0, math.inf)
        driver = self.model.driver(encoded, rest).switched()
        motion = encoded.motion
        arrays |= {
            "feature_3d": host(encoded.feature_3d),
            "pitch": host(motion.pitch_deg),
            "yaw": host(motion.yaw_deg),
            "roll": host(motion.roll_deg),
            "t": host(motion.shift),
            "exp": host(motion.exp),
            "scale": host(motion.scale),
            "kp": host(motion.kp),
            "R_s": host(rotation(motion.pitch_deg, motion.yaw_deg, motion.roll_deg)),
            "x_s": host(driver.x_s),
            "lmk203": landmarks,
        }
        self._sources[source] = encoded, driver, arrays
        return self._sources[source]


class Canned:
    """A session that answers the same whatever it is asked."""

    def __init__(self, outputs: list[np.ndarray], input_name: str) -> None:
        self._outputs = outputs
        self.name = input_name

    def run(self, output_names: None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        assert set(feeds) == {self.name}
        return self._outputs

    def get_inputs(self) -> list["Canned"]:
        return [self]


def host(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's values on the host."""
    return tensor.detach().cpu().numpy()


def _offsets(**values: float) -> np.ndarray:
    return offsets(dict.fromkeys(OFFSETS, 0.0) | values)


def _face(settings: Mapping[str, Any], rest: Ratios) -> Face:
    """Translate the reference's sliders; "source" leaves a ratio where the photo has it."""
    face = neutral_face(eye_ratio=rest.eye, lip_ratio=rest.lip)
    own = {"eye_ratio": rest.eye, "lip_ratio": rest.lip}
    for official, name in SLIDERS.items():
        value = settings[official]
        face[name] = own[name] if value == "source" else float(value)
    return face
