import json
import os
from pathlib import Path
from typing import Any

import pytest

from control.remembered import KEYS, MAX_FILE_BYTES, Memory, recall, remembered_file
from control.settings import load_config
from streamer import Config

ENOUGH_S = 0.02


def kept(file: Path, *changes: dict[str, Any]) -> dict[str, Any]:
    memory = Memory(file, delay_s=ENOUGH_S)
    for change in changes:
        memory.keep(change)
    memory.close()
    return dict(recall(file).choices)


def test_what_is_chosen_is_there_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "state" / "choices.json"
    chosen = {"photo": "모나리자", "zoom": 1.5, "mirror": True, "fill": "#202428", "idle": 0.25}

    assert kept(file, chosen) == chosen
    assert recall(file).problem == ""


def test_every_remembered_name_is_a_setting() -> None:
    assert set(KEYS) <= set(vars(Config()))


def test_later_choices_win_and_earlier_ones_stay(tmp_path: Path) -> None:
    file = tmp_path / "choices.json"

    assert kept(file, {"zoom": 1.1, "style": "lively"}, {"zoom": 1.2}) == {
        "zoom": 1.2,
        "style": "lively",
    }
    assert kept(file, {"zoom": 2.0}) == {"zoom": 2.0, "style": "lively"}


def test_what_belongs_to_the_moment_is_not_kept(tmp_path: Path) -> None:
    assert kept(tmp_path / "c.json", {"privacy": True, "held": {"smile": 1}, "fps": 25.0}) == {
        "fps": 25.0
    }


def test_a_hundred_moves_of_a_slider_are_few_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    found = kept(tmp_path / "c.json", *({"zoom": 1 + i / 100} for i in range(100)))

    assert found == {"zoom": 1.99}
    assert len(synced) <= 2


def test_another_stream_s_choices_are_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "choices.json"
    one, two = Memory(file, delay_s=ENOUGH_S), Memory(file, delay_s=ENOUGH_S)

    one.keep({"photo": "mona-lisa"})
    one.close()
    two.keep({"zoom": 1.5})
    two.close()

    assert recall(file).choices == {"photo": "mona-lisa", "zoom": 1.5}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"[" * 5000, b" " * (MAX_FILE_BYTES + 1)]
)
def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "choices.json"
    file.write_bytes(content)

    recalled = recall(file)

    assert recalled.choices == {}
    assert "damaged" in recalled.problem
    assert (tmp_path / "choices.damaged.json").read_bytes() == content
    assert kept(file, {"zoom": 1.5}) == {"zoom": 1.5}


def test_a_value_that_is_no_good_is_left_out_alone(tmp_path: Path) -> None:
    file = tmp_path / "choices.json"
    file.write_text(
        json.dumps({"zoom": 1.5, "fps": 500, "size": "big", "mirror": "askew", "later": [1]})
    )

    recalled = recall(file)

    assert recalled.choices == {"zoom": 1.5}
    assert "fps is 500" in recalled.problem
    assert "later" not in recalled.problem


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file in the folder's place")

    memory = Memory(tmp_path / "state" / "choices.json", delay_s=0.0)
    memory.keep({"zoom": 1.5})
    memory.close()

    assert caplog.text.count("cannot be remembered") == 1


def test_the_order_of_the_places(tmp_path: Path) -> None:
    file = tmp_path / "living-portrait.yaml"
    file.write_text("zoom: 1.1\nfps: 24\nstyle: lively\nidle: 0.5\n", encoding="utf-8")

    config = load_config(
        {"style": "calm"},
        environment={"LIVING_PORTRAIT_FPS": "25"},
        file=file,
        remembered={"zoom": 1.2, "fps": 50.0, "style": "sleepy"},
    )

    assert (config.zoom, config.fps, config.style, config.idle) == (1.2, 25.0, "calm", 0.5)


def test_tests_and_users_have_their_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVING_PORTRAIT_HOME", str(tmp_path))

    assert remembered_file() == tmp_path / "state" / "choices.json"
