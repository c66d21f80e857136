"""The ladder: what is made is proven on the portrait itself, what is wrong is refused and told."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.crop import input_of_photo
from streamer.engines.liveportrait.fast.forms import Forms
from streamer.engines.liveportrait.fast.graphs import EagerDevice
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.retargeting import at_rest
from streamer.photo import read_photo
from tests.streamer.engines.liveportrait.fast.faults import (
    BROKEN,
    FULL,
    NotFinite,
    SpoiltGlue,
    Stale,
    black,
    raising,
    swapped_channels,
    turned_batch,
)
from tests.streamer.engines.liveportrait.fast.tiny import small_model

pytestmark = pytest.mark.neural

PHOTO = Path(__file__).parents[5] / "photo" / "mona-lisa.jpg"


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def encoded(model: Model) -> Any:
    return model.encode(input_of_photo(read_photo(PHOTO).image))


class Turn:
    """A lock that counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *args: object) -> None:
        self._lock.release()


class Roomy(EagerDevice):
    """A device with this much memory to spare."""

    def __init__(self, spare_mb: float) -> None:
        super().__init__()
        self.spare = spare_mb

    def spare_mb(self) -> float:
        return self.spare


class Rig:
    """A ladder, and one portrait at its foot."""

    def __init__(
        self, model: Model, encoded: Any, *recipes: Recipe, device: EagerDevice | None = None
    ) -> None:
        self.model, self.encoded = model, encoded
        self.turn, self.stopping = Turn(), threading.Event()
        self.device = device or Roomy(0.0)
        self.forms = Forms(
            model,
            self.device,
            recipes,
            turn=self.turn,  # type: ignore[arg-type]
            stopping=self.stopping,
        )
        self.steps: list[str] = []
        self.standing = self.portrait()

    def portrait(self) -> Standing:
        ratios = at_rest((0.35, 0.36), 0.02, 0.0, 0.8)
        return Standing(self.encoded, self.model.driver(self.encoded, ratios))

    def climb(self, standing: Standing | None = None) -> str:
        """Climb; returns the form reached."""
        at = standing or self.standing

        def risen() -> None:
            assert at.current is not None
            self.steps.append(f"{at.current.form} {at.current.batches}")

        self.forms.climb(at, risen)
        assert at.risen.is_set()
        return at.current.form if at.current is not None else "fp32"


def recipe(name: str, glue: Callable[[], Any] = TorchGlue, **settings: Any) -> Recipe:
    return Recipe(name, **({"dtype": torch.float32} | settings), glue=glue)


def test_a_portrait_climbs_step_by_step_and_every_step_is_proven(
    model: Model, encoded: Any
) -> None:
    rig = Rig(model, encoded, recipe("packed"), recipe("half", dtype=torch.float16))

    assert rig.climb() == "half"

    assert rig.steps == ["packed (1,)", "half (1,)"]
    assert list(rig.forms.proofs) == ["packed", "half"]
    assert all(float(text.split()[0]) > 45 for text in rig.forms.proofs.values())
    assert rig.forms.refused == {}
    assert rig.turn.taken >= 2 * (2 + 4)  # each form: made, ready, and four faces, one by one


@pytest.mark.parametrize(
    ("glue", "told"),
    [
        (lambda: SpoiltGlue(black), "neutral, place 0: PSNR"),
        (lambda: SpoiltGlue(swapped_channels), "neutral, place 0: PSNR"),
        (lambda: SpoiltGlue(Stale()), "smile, place 1: PSNR"),
        (NotFinite, "neutral, place 0: not finite"),
        (lambda: SpoiltGlue(raising(FULL)), "The memory of cpu is full"),
        (lambda: SpoiltGlue(raising(BROKEN)), "no kernel image is available"),
        (lambda: SpoiltGlue(raising(ValueError("odd"))), "ValueError: odd"),
    ],
    ids=["black", "swapped", "stale", "nan", "memory full", "no kernel", "any error"],
)
def test_a_form_that_draws_wrong_or_not_at_all_is_refused_told_and_ends_the_climb(
    model: Model, encoded: Any, glue: Callable[[], Any], told: str
) -> None:
    rig = Rig(model, encoded, recipe("bad", glue), recipe("never", dtype=torch.float16))

    assert rig.climb() == "fp32"

    assert list(rig.forms.refused) == ["bad"]
    assert told in rig.forms.refused["bad"]
    assert rig.steps == []
    assert not rig.forms.proven
    assert rig.climb(rig.portrait()) == "fp32"  # nor is it tried on another photo


def test_the_form_below_a_refused_one_stays(model: Model, encoded: Any) -> None:
    rig = Rig(model, encoded, recipe("packed"), recipe("bad", lambda: SpoiltGlue(black)))

    assert rig.climb() == "packed"
    assert list(rig.forms.refused) == ["bad"]


def test_larger_batches_are_proven_place_by_place(model: Model, encoded: Any) -> None:
    device = Roomy(5000.0)  # enough for 2 and 4, not for 8
    rig = Rig(model, encoded, recipe("packed", recorded=True), device=device)

    rig.climb()

    assert rig.steps == ["packed (1,)", "packed (1, 2)", "packed (1, 2, 4)"]
    assert list(rig.forms.proofs) == ["packed", "packed, 2 at once", "packed, 4 at once"]


def test_a_batch_whose_places_are_mixed_up_is_not_used(model: Model, encoded: Any) -> None:
    mixing = recipe("mixing", lambda: SpoiltGlue(turned_batch), recorded=True)
    rig = Rig(model, encoded, mixing, device=Roomy(5000.0))

    assert rig.climb() == "mixing"  # one at a time there is nothing to mix

    assert rig.steps == ["mixing (1,)"]
    assert "PSNR" in rig.forms.refused["mixing, 2 at once"]


def test_who_fell_never_comes_back(model: Model, encoded: Any) -> None:
    rig = Rig(model, encoded, recipe("packed"), recipe("fused"))
    rig.climb()
    fused = rig.standing.current
    assert fused is not None

    rig.forms.failed(rig.standing, fused, "dark: mean 0.001")
    rig.forms.failed(rig.standing, fused, "told twice")

    assert rig.standing.current is not None
    assert rig.standing.current.form == "packed"
    assert rig.forms.refused == {"fused": "it failed on air: dark: mean 0.001"}
    assert rig.climb() == "packed"
    assert rig.climb(rig.portrait()) == "packed"


def test_nobody_climbs_when_the_engine_closes(model: Model, encoded: Any) -> None:
    rig = Rig(model, encoded, recipe("packed"))
    rig.stopping.set()

    assert rig.climb() == "fp32"
    assert rig.forms.refused == {}


def test_forms_of_one_type_share_their_weights(model: Model, encoded: Any) -> None:
    other = SpoiltGlue()
    rig = Rig(model, encoded, recipe("packed"), recipe("other", lambda: other))
    rig.climb()

    first, second = rig.standing._painters
    for a, b in zip(
        first._packed.warping.state_dict().values(),
        second._packed.warping.state_dict().values(),
        strict=True,
    ):
        assert a.data_ptr() == b.data_ptr()
    assert other.pictures == 4  # drawn with its own glue
    assert isinstance(first._packed.glue, TorchGlue)
