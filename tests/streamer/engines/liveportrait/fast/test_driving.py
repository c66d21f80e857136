"""The tensor form of the driver is the driver: every parameter, alone and together, any batch."""

from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.fast.driving import NAMES, Driving, row, rows
from streamer.engines.liveportrait.keypoints import Motion
from streamer.parameters import PARAMETERS, Face
from tests.streamer.engines.liveportrait.test_drive import driver, rest

pytestmark = pytest.mark.neural


def exact(d: Driver) -> Driver:
    """The same driver in float64."""
    motion = Motion(*(getattr(d.motion, f.name).double() for f in fields(Motion)))
    nets = (deepcopy(net).double() for net in (d.stitching, d.eye, d.lip))
    return replace(Driver.of(motion, d.ratios, *nets), blend_ratio=d.blend_ratio)


def wrong(d: Driver, faces: list[Face], dtype: torch.dtype = torch.float64) -> float:
    """How far the tensor form is from the driver at most, all faces in one batch.

    In parts of the largest number: the small nets' weights are random, and their answers large.
    """
    d = exact(d) if dtype == torch.float64 else d
    answers = Driving(d)(torch.tensor([row(face) for face in faces], dtype=dtype))
    expected = torch.cat([d.x_d(face) for face in faces])
    assert answers.shape == expected.shape
    return float((answers - expected).abs().max() / expected.abs().max().clamp(min=1.0))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_alone_at_its_ends_and_between(name: str, batch: int) -> None:
    d, p = driver(), PARAMETERS[name]
    values = [p.low, p.high, 0.3 * p.low + 0.7 * p.high, 0.93 * p.low + 0.07 * p.high]
    for i in range(0, len(values), batch):
        faces = [rest(d) | {name: value} for value in values[i : i + batch]]
        assert wrong(d, faces) < 1e-12
        assert wrong(d, faces, torch.float32) < 1e-6


@given(st.lists(st.lists(st.floats(0, 1), min_size=17, max_size=17), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_all_of_them_together(shares: list[list[float]]) -> None:
    def face(share: list[float]) -> Face:
        return {
            p.name: p.low + s * (p.high - p.low)
            for p, s in zip(PARAMETERS.values(), share, strict=True)
        }

    d = driver()
    assert wrong(d, [face(share) for share in shares]) < 1e-12
    assert wrong(d, [face(share) for share in shares], torch.float32) < 1e-6


@pytest.mark.parametrize("own", [0.0, 0.01, 0.37, 0.79, 0.8])
def test_lids_and_lips_from_any_ratio_at_rest(own: float) -> None:
    d = driver(own, own)
    targets = [0.0, 0.005, own, min(0.8, own + 0.02), max(0.0, own - 0.03), 0.5, 0.8]
    faces = [rest(d) | {"eye_ratio": e, "lip_ratio": v} for e in targets for v in targets]

    assert wrong(d, faces) < 1e-12
    # On the ramp the last digit of a rounded ratio counts 1 / 0.03 times.
    assert wrong(d, faces, torch.float32) < 2e-6


def test_at_rest_the_retargeting_nets_weigh_exactly_nothing() -> None:
    d = driver()
    loud = replace(d, eye=_Loud(), lip=_Loud())

    assert torch.isfinite(Driving(loud)(torch.from_numpy(rows([rest(d)])))).all()
    assert torch.equal(
        Driving(replace(d, eye=_Loud(1e30), lip=_Loud(1e30)))(torch.from_numpy(rows([rest(d)]))),
        Driving(replace(d, eye=_Loud(0.0), lip=_Loud(0.0)))(torch.from_numpy(rows([rest(d)]))),
    )


def test_the_references_switch_and_no_stitching_are_followed() -> None:
    d = driver()
    faces = [rest(d), rest(d) | {"eye_ratio": 0.371}, rest(d) | {"lip_ratio": 0.04}]

    assert wrong(d.switched(), faces) < 1e-12
    moved = Driving(d.unstitched())(torch.from_numpy(rows(faces)))
    assert torch.allclose(moved[:1], d.unstitched().x_d(faces[0]), atol=1e-6)


def test_rows_hold_a_face_in_the_order_of_the_parameters() -> None:
    face = rest(driver()) | {"smile": 0.5, "scale": 1.1}

    table = rows([face, face])

    assert table.shape == (2, len(PARAMETERS))
    assert table.dtype == np.float32
    assert table[1] == pytest.approx([face[name] for name in PARAMETERS])


class _Loud(torch.nn.Module):
    """A net that answers with one large number."""

    def __init__(self, value: float = 1e30) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((len(x), 63), self.value)
