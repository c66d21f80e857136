"""What torch is told about its products is told back again."""

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.precision import true_float32

pytestmark = pytest.mark.neural


def test_the_right_pictures_are_drawn_without_shortened_products() -> None:
    before = torch.backends.cudnn.allow_tf32
    with pytest.raises(ValueError, match="x"), true_float32():
        assert not torch.backends.cudnn.allow_tf32
        raise ValueError("x")
    assert torch.backends.cudnn.allow_tf32 == before
