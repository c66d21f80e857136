"""What stays is found also when the product is gone, and only what is the user's."""

from pathlib import Path

import pytest

from control.setup.environment import Environment
from control.setup.removal import user_places, usual_places
from streamer import resources


@pytest.mark.parametrize("chosen", [True, False])
def test_the_usual_places_are_those_of_the_product(
    chosen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen:
        monkeypatch.setenv("LIVING_PORTRAIT_HOME", str(tmp_path))
    else:
        monkeypatch.delenv("LIVING_PORTRAIT_HOME")
    home = resources.user_folder("photos").parent
    (home / "photos").mkdir(parents=True)
    (home / "bakes").mkdir()
    root = Path(resources.__file__).parents[1]

    assert usual_places(root) == resources.user_places()


def test_models_are_the_users_and_their_list_is_not(tmp_path: Path) -> None:
    (tmp_path / "weights/liveportrait").mkdir(parents=True)
    (tmp_path / "weights/liveportrait/a.pth").write_bytes(b"x" * 500_000)
    (tmp_path / "weights/MANIFEST.toml").touch()
    (tmp_path / "weights/README.md").touch()

    found = user_places(Environment(tmp_path))

    assert [(p.kind, p.path.name, p.mb) for p in found] == [("weights", "liveportrait", 0.5)]
