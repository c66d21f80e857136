"""Finding faces through ONNX models; stand-ins with the real ones' inputs and outputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.engines.liveportrait.faces import (
    Faces,
    decode_detector,
    detect,
    detector_input,
    find_106,
    find_203,
    points_106_input,
    suppress,
)
from tests.golden.weights_recipe import synth_image, synth_landmarks

PHOTO = synth_image("faces", "photo", 480, 640)


def outputs(*found: tuple[int, int, int, float, tuple[float, float, float, float]]) -> list[Any]:
    """The detector's nine outputs with faces at (stride, column, row, score, distances)."""
    answer: dict[str, list[np.ndarray]] = {"score": [], "box": [], "points": []}
    for stride in (8, 16, 32):
        cells = 512 // stride
        score = np.zeros((cells * cells * 2, 1), np.float32)
        box = np.zeros((cells * cells * 2, 4), np.float32)
        for at, column, row, value, distances in found:
            if at == stride:
                index = 2 * (row * cells + column)
                score[index], box[index] = value, distances
        answer["score"].append(score)
        answer["box"].append(box)
        answer["points"].append(np.zeros((cells * cells * 2, 10), np.float32))
    return [array for kind in answer.values() for array in kind]


def test_a_box_is_its_anchor_plus_distances_in_strides_back_in_the_photo() -> None:
    faces = decode_detector(outputs((16, 10, 5, 0.9, (1, 2, 3, 4))), scale=0.8)

    left, top, right, bottom, score = faces.boxes[0]
    assert [left, top, right, bottom] == pytest.approx([180, 60, 260, 180])
    assert score == pytest.approx(0.9)
    assert faces.points[0].tolist() == [pytest.approx([200, 100])] * 5


def test_of_two_boxes_on_one_face_the_better_stays_and_apart_both_stay() -> None:
    near = ((16, 10, 10, 0.6, (2, 2, 2, 2)), (16, 11, 10, 0.9, (3, 2, 1, 2)))
    far = (32, 2, 2, 0.7, (1, 1, 1, 1))

    faces = decode_detector(outputs(*near, far), scale=1.0)

    assert faces.boxes[:, 4].tolist() == pytest.approx([0.9, 0.7])


def test_no_face_is_an_empty_answer() -> None:
    faces = decode_detector(outputs(), scale=1.0)

    assert faces.boxes.shape == (0, 5)
    assert faces.by_size().points.shape == (0, 5, 2)


def test_largest_comes_first() -> None:
    boxes = np.array([[0, 0, 10, 10, 0.9], [50, 50, 90, 99, 0.3]], np.float32)
    faces = Faces(boxes, np.zeros((2, 5, 2), np.float32)).by_size()

    assert faces.boxes[:, 4].tolist() == pytest.approx([0.3, 0.9])


def test_suppression_keeps_what_overlaps_less_than_the_limit() -> None:
    boxes = np.array([[0, 0, 99, 99], [0, 0, 99, 199], [0, 70, 99, 169]], np.float32)

    assert suppress(boxes, 0.4) == [0, 2]
    assert suppress(boxes, 0.6) == [0, 1, 2]


@pytest.mark.parametrize(("height", "width"), [(480, 640), (900, 600), (512, 512), (700, 64)])
def test_the_detector_sees_the_whole_photo_top_left_on_black(height: int, width: int) -> None:
    blob, scale = detector_input(np.full((height, width, 3), 255, np.uint8))

    assert blob.shape == (1, 3, 512, 512)
    bright = blob[0, 0] > 0.9
    assert bright.any(axis=1).sum() == pytest.approx(height * scale, abs=1)
    assert bright.any(axis=0).sum() == pytest.approx(width * scale, abs=1)
    assert bright[0, 0]


def test_the_square_for_106_points_is_centred_on_the_box() -> None:
    _, where = points_106_input(PHOTO, np.array([100, 200, 200, 280, 1], np.float32))

    assert where.to_crop(np.array([[150, 240]], np.float32))[0].tolist() == pytest.approx([96, 96])
    assert where.crop_from_photo[0, 0] == pytest.approx(192 / 150)


# ---------------------------------------------------------------------- stand-in models


def session(path: Path, name: str, shape: tuple[int, ...], answers: list[np.ndarray]) -> Any:
    """A model on disk that answers constants, run as the real one would be."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install onnx")
    runtime = pytest.importorskip("onnxruntime", reason="pip install -e '.[liveportrait]'")
    from onnx import TensorProto, helper, numpy_helper

    nodes, infos = [], []
    for i, answer in enumerate(answers):
        value = numpy_helper.from_array(answer.astype(np.float32))
        nodes.append(helper.make_node("Constant", [], [f"{448 + i}"], value=value))
        infos.append(helper.make_tensor_value_info(f"{448 + i}", TensorProto.FLOAT, answer.shape))
    given = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "stand-in", [given], infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.neural
def test_a_detector_model_is_asked_by_its_own_input_name(tmp_path: Path) -> None:
    canned = outputs((32, 8, 6, 0.8, (2, 3, 2, 3)), (8, 4, 4, 0.9, (1, 1, 1, 1)))
    model = session(tmp_path / "det.onnx", "input.1", (1, 3, 512, 512), canned)

    faces = detect(model, PHOTO)

    assert faces.boxes[0, :4].tolist() == pytest.approx([240, 120, 400, 360])
    assert len(faces.boxes) == 2


@pytest.mark.neural
def test_landmark_models_answer_points_in_the_photo(tmp_path: Path) -> None:
    middle_106 = session(tmp_path / "106.onnx", "data", (1, 3, 192, 192), [np.zeros((1, 212))])
    unused = np.zeros((1, 2))
    middle_203 = session(
        tmp_path / "203.onnx", "input", (1, 3, 224, 224), [unused, unused, np.full((1, 406), 0.5)]
    )
    box = np.array([100, 200, 200, 280, 1], np.float32)
    known = synth_landmarks("faces", "face", 106, (300, 200), 70, 20)

    at_106 = find_106(middle_106, PHOTO, box)
    at_203 = find_203(middle_203, PHOTO, known)

    assert at_106.shape == (106, 2)
    assert np.allclose(at_106, (150, 240), atol=1e-3)
    assert at_203.shape == (203, 2)
    assert np.ptp(at_203, axis=0).max() < 1e-3
    assert np.hypot(*(at_203[0] - known.mean(0))) < 50
