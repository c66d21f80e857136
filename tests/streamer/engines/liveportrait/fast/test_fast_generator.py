"""The fast generator against the readable one."""

import copy

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from torch.nn import functional

from streamer.engines.liveportrait.fast.generator import FastGenerator, FastNorm
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue
from streamer.engines.liveportrait.networks.generator import Generator, GeneratorDims
from tests.streamer.engines.liveportrait.fast.packing import (
    FORBIDDEN,
    PICTURE,
    Operations,
    error,
    generator,
    packed,
    psnr,
    random,
    seeded,
)

pytestmark = pytest.mark.neural

GLUE = TorchGlue()


def drawn(logits: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(functional.pixel_shuffle(logits.float(), PICTURE.upscale))


def readable(network: Generator, features: torch.Tensor) -> torch.Tensor:
    """The values before pixel shuffle and sigmoid."""
    seen = []
    hook = network.conv_img[0].register_forward_hook(lambda *event: seen.append(event[-1]))
    network(features)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_the_fast_form_draws_what_the_readable_one_draws(
    batch: int, dtype: torch.dtype, most: float
) -> None:
    network = generator(dtype)
    features = random(batch, PICTURE.label, 6, 5, dtype=dtype)

    answer = FastGenerator.of(network, dtype, GLUE)(features)

    assert error(answer, readable(network, features)) < most
    assert answer.shape == (batch, 12, 24, 20)


def test_a_first_enlargement_as_wide_as_the_middle_needs_no_shortcut() -> None:
    dims = GeneratorDims(label=8, middle=8, blocks=1, up=8, out=4, hidden=4)
    network = seeded(Generator(dims)).double()
    features = random(2, 8, 4, 4)

    answer = FastGenerator.of(network, torch.float64, GLUE)(features)

    assert not network.up_0.learned_shortcut
    assert error(answer, readable(network, features)) < 1e-12


def test_a_last_enlargement_without_a_norm_in_its_shortcut_is_refused() -> None:
    network = seeded(Generator(GeneratorDims(label=8, middle=8, blocks=1, up=8, out=8, hidden=4)))

    with pytest.raises(TypeError, match="no norm"):
        FastGenerator.of(network, torch.float32, GLUE)


def test_a_shortcuts_offset_goes_through_its_convolution_beforehand() -> None:
    block = generator().up_1
    shared, x = random(1, PICTURE.hidden, 6, 5), random(1, PICTURE.up, 6, 5, seed=2)
    norm = block.norm_s.param_free_norm(x)
    offset = block.norm_s.mlp_beta(shared)
    expected = block.conv_s(norm * (1 + block.norm_s.mlp_gamma(shared)) + offset)

    fast = FastNorm(block.norm_s, torch.float64, through=block.conv_s)
    gain, offset = fast(shared)

    assert (gain.shape[1], offset.shape[1]) == (PICTURE.up, PICTURE.out)
    scaled = block.conv_s(norm * (gain + fast.gain_bias[:, None, None]))
    assert error(scaled + offset + fast.offset_bias[:, None, None], expected) < 1e-12


def test_biases_before_a_norm_change_nothing_in_the_readable_form_either() -> None:
    network = generator()
    features = random(1, PICTURE.label, 4, 4)
    before = network(features)

    for block in (network.G_middle_0, network.G_middle_1, network.up_0):
        block.conv_0.bias += 1.0
        block.conv_1.bias += 2.0
    network.up_1.conv_0.bias -= 1.0
    network.fc.bias -= 3.0

    assert error(network(features), before) < 1e-12


def test_packing_leaves_the_network_as_it_is() -> None:
    network = generator()
    before = copy.deepcopy(network.state_dict())

    FastGenerator.of(network, torch.float16, GLUE)

    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_a_frame_needs_no_3d_operation_and_no_value_on_the_host() -> None:
    fast = FastGenerator.of(generator(), torch.float64, GLUE)

    with Operations() as seen:
        fast(random(2, PICTURE.label, 4, 4))

    assert seen.most_axes == 4
    assert not seen.names & FORBIDDEN


def test_half_precision_of_real_channel_counts_passes_the_rule() -> None:
    # The released sizes on 16x16 features: a sixteenth of a frame's work.
    network = seeded(Generator(GeneratorDims()))
    features = random(1, 256, 16, 16, dtype=torch.float32)
    with torch.inference_mode():
        expected = network(features)

        answer = drawn(FastGenerator.of(network, torch.float16, GLUE)(features.half()))

    assert expected.std() > 0.1  # a grey or saturated picture would prove nothing
    assert psnr(answer, expected) > 45
    assert (answer - expected).abs().flatten().kthvalue(int(0.99 * answer.numel())).values < 3 / 255
    assert packed(features)
