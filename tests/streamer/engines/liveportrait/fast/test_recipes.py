"""Which forms there are to climb through."""

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.fast.recipes import recipes_for

pytestmark = pytest.mark.neural


def test_which_forms_a_device_may_try() -> None:
    assert recipes_for("cpu") == ()
    assert [r.name for r in recipes_for("mps")] == ["fp16"]
    names = [r.name for r in recipes_for("cuda:0")]
    assert names[:2] == ["fp16", "fp16 graph"]
    assert names[2] in ("fp16 graph triton", "fp16 graph tuned")
    assert all(r.dtype == torch.float16 for r in recipes_for("cuda"))
