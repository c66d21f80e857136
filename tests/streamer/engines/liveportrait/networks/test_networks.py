"""The networks' form: keys, shapes, batches, and the folding of norms."""

import copy
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from torch import nn

from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.networks import appearance, generator, motion, stitching, warping
from streamer.engines.liveportrait.networks.blocks import UpBlock3d
from streamer.engines.liveportrait.networks.fold import fold
from streamer.engines.liveportrait.networks.lighter import lighten
from streamer.engines.liveportrait.weights import empty, layout
from tests.golden import weights_recipe as recipe
from tests.golden.checkpoints import TABLES
from tests.golden.recompute import Recomputer

pytestmark = pytest.mark.neural

TINY_VOLUME = warping.WarpingDims(
    keypoints=3, channels=4, depth=4, compress=2, levels=2, width=4, max_width=16, out=8
)
TINY_APPEARANCE = appearance.AppearanceDims(
    width=4, max_width=16, downs=2, channels=4, depth=4, resblocks=2
)
TINY_GENERATOR = generator.GeneratorDims(label=8, middle=16, blocks=1, up=8, out=4, hidden=4)
TINY_MOTION = motion.MotionDims(depths=(1, 1, 1, 1), widths=(4, 8, 8, 16), keypoints=5)


def seeded(network: nn.Module) -> nn.Module:
    """Weights and running statistics that are nowhere trivial."""
    source = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0, generator=source)
            elif value.is_floating_point():
                value.normal_(0.0, 0.3, generator=source)
    return network.eval().requires_grad_(False)


def volumes(batch: int) -> tuple[Any, Any, Any]:
    source = torch.Generator().manual_seed(3)
    feature = torch.randn(batch, 4, 4, 16, 16, generator=source)
    kp_source = torch.randn(batch, 3, 3, generator=source) * 0.3
    return feature, kp_source + 0.1, kp_source


@pytest.mark.parametrize(
    ("module", "build"),
    [
        ("appearance_feature_extractor", appearance.AppearanceExtractor),
        ("motion_extractor", motion.MotionExtractor),
        ("warping_module", warping.WarpingNetwork),
        ("spade_generator", generator.Generator),
        (
            "stitching_retargeting_module/stitching",
            lambda: stitching.KeypointMlp(stitching.STITCHING),
        ),
        ("stitching_retargeting_module/eye", lambda: stitching.KeypointMlp(stitching.EYE)),
        ("stitching_retargeting_module/lip", lambda: stitching.KeypointMlp(stitching.LIP)),
    ],
)
def test_keys_and_shapes_are_exactly_the_checkpoints(module: str, build: Any) -> None:
    table = recipe.load_table(module, TABLES)

    assert layout(empty(build)) == {key: tuple(meta["shape"]) for key, meta in table.items()}


def test_a_batch_of_keypoints_draws_what_each_draws_alone() -> None:
    network = seeded(warping.WarpingNetwork(TINY_VOLUME))
    feature, kp_driving, kp_source = volumes(2)

    together = network(feature, kp_driving, kp_source).features
    alone = network(feature[1:], kp_driving[1:], kp_source[1:]).features

    assert torch.allclose(together[1:], alone, atol=1e-5)


def test_unmoved_keypoints_have_no_heat_and_every_motion_is_the_identity() -> None:
    dense = seeded(warping.WarpingNetwork(TINY_VOLUME)).dense_motion_network
    feature, _, kp_source = volumes(1)
    grid = warping.coordinate_grid(4, 16, 16, like=feature)

    assert dense.heat(grid, kp_source, kp_source).abs().max() == 0
    assert (dense.motions(grid, kp_source, kp_source) - grid).abs().max() < 1e-6
    assert (dense(feature, kp_source, kp_source).deformation - grid).abs().max() == 0


def test_the_grid_ends_exactly_at_plus_and_minus_one() -> None:
    grid = warping.coordinate_grid(16, 64, 64, like=torch.zeros(1))

    assert grid[0, 0, 0].tolist() == [-1.0, -1.0, -1.0]
    assert grid[-1, -1, -1].tolist() == [1.0, 1.0, 1.0]
    assert grid[0, 0, -1].tolist() == [1.0, -1.0, -1.0]


def test_the_generator_answers_a_picture_eight_times_its_input() -> None:
    network = seeded(generator.Generator(TINY_GENERATOR))

    image = network(torch.randn(2, 8, 6, 5))

    assert image.shape == (2, 3, 48, 40)
    assert 0 <= image.min() <= image.max() <= 1


def test_motion_heads_have_the_sizes_of_their_parameters() -> None:
    heads = seeded(motion.MotionExtractor(TINY_MOTION))(torch.rand(2, 3, 64, 64))

    assert {name: tuple(head.shape) for name, head in heads._asdict().items()} == {
        **dict.fromkeys(("pitch", "yaw", "roll"), (2, 66)),
        **dict.fromkeys(("exp", "kp"), (2, 15)),
        "t": (2, 3),
        "scale": (2, 1),
    }


@pytest.mark.parametrize(
    ("network", "given"),
    [
        (seeded(appearance.AppearanceExtractor(TINY_APPEARANCE)), (torch.rand(1, 3, 32, 32),)),
        (seeded(warping.WarpingNetwork(TINY_VOLUME)), volumes(1)),
    ],
    ids=["appearance", "warping"],
)
def test_folding_the_norms_changes_nothing_but_rounding(network: Any, given: Any) -> None:
    def answer(form: Any) -> Any:
        out = form(*given)
        return out.features if isinstance(out, warping.Warped) else out

    folded = fold(copy.deepcopy(network))

    expected = answer(network)
    assert torch.allclose(
        answer(folded), expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max())
    )
    assert torch.equal(answer(fold(folded)), answer(folded))
    kept = [m for m in folded.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d)]
    before = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d)]
    residual = isinstance(network, appearance.AppearanceExtractor)
    assert len(kept) == (TINY_APPEARANCE.resblocks if residual else 0) < len(before)


@pytest.mark.parametrize(
    ("network", "given"),
    [
        (seeded(warping.WarpingNetwork(TINY_VOLUME)), volumes(2)),
        (seeded(generator.Generator(TINY_GENERATOR)), (torch.randn(2, 8, 6, 5),)),
    ],
    ids=["warping", "generator"],
)
def test_lighter_convolutions_change_nothing_but_rounding(network: Any, given: Any) -> None:
    network, given = copy.deepcopy(network).double(), [array.double() for array in given]

    def answers(form: Any) -> list[Any]:
        out = form(*given)
        return [out.features, *out.motion] if isinstance(out, warping.Warped) else [out]

    light = lighten(copy.deepcopy(network))

    for now, before in zip(answers(light), answers(network), strict=True):
        assert torch.allclose(now, before, rtol=1e-10, atol=1e-10)
    kinds = [type(module).__name__ for module in light.modules()]
    rewritten = {kind: kinds.count(kind) for kind in ("SpreadConv", "SliceConv3d", "TapConv2d")}
    if isinstance(network, warping.WarpingNetwork):
        assert rewritten == {"SpreadConv": TINY_VOLUME.levels, "SliceConv3d": 1, "TapConv2d": 1}
    else:
        assert rewritten == {"SpreadConv": 6, "SliceConv3d": 0, "TapConv2d": 0}
    assert all(
        torch.equal(a, b) for a, b in zip(answers(lighten(light)), answers(light), strict=True)
    )


def test_a_convolution_that_shrinks_its_map_is_not_rewritten() -> None:
    block = UpBlock3d(2, 2)
    block.conv = nn.Conv3d(2, 2, 3)

    with pytest.raises(TypeError, match="keeps the size"):
        lighten(block)


def test_preparing_shares_what_it_does_not_rewrite_and_leaves_the_reference(networks: Any) -> None:
    before = {key: value.clone() for key, value in networks.warping.state_dict().items()}
    prepared = Model(networks).prepared().networks

    after = networks.warping.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert prepared.generator.fc.weight is networks.generator.fc.weight


def test_the_form_that_runs_meets_the_goldens_too(archive: Any, networks: Any) -> None:
    prepared = Model(networks).prepared().networks
    recomputer = Recomputer(archive, lambda: prepared, "cpu")
    answers = [*recomputer.appearance(), *recomputer.warping(), *recomputer.generator()]

    rows = [row for name, array in answers for row in archive.rows(name, array)]

    assert [str(r) for r in rows if not r.ok and not r.name.startswith("trace/")] == []
