"""The preset editor's routes, on real preset files."""

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from tests.control.fakes import FakeStream


def wave(**changes: Any) -> dict[str, Any]:
    content = {
        "name": "wave",
        "duration_ms": 900,
        "keyframes": [
            {"time": 0, "params": {}},
            {"time": 0.5, "params": {"head_roll": 9}},
            {"time": 1, "params": {}},
        ],
    }
    return {**content, **changes}


def test_a_shipped_preset_is_shown_as_its_file_holds_it(client: FlaskClient) -> None:
    found = client.get("/presets/smile").json

    assert found["own"] is False
    assert found["content"]["keyframes"][1]["params"]["eye_ratio"] == "82%"
    assert found["yaml"].startswith("name: smile\nlabel: {en: Smile, ko: 웃어봐}\n")


def test_saved_then_changed_then_deleted(client: FlaskClient, tmp_path: Path) -> None:
    saved = client.put("/presets/wave", json={"preset": wave()})
    assert saved.status_code == 200
    assert saved.json["own"] is True
    assert (tmp_path / "presets" / "wave.yaml").is_file()

    client.put("/presets/wave", json={"preset": wave(duration_ms=1200)})
    assert client.get("/presets/wave").json["content"]["duration_ms"] == 1200

    assert client.delete("/presets/wave").json == {"deleted": "wave", "shipped": False}
    assert client.get("/presets/wave").status_code == 404


def test_a_wrong_preset_is_refused_with_the_loaders_own_words(
    client: FlaskClient, tmp_path: Path
) -> None:
    wrong = wave(keyframes=[{"time": 0, "params": {"smlie": 1}}, {"time": 1}])

    refused = client.put("/presets/wave", json={"preset": wrong})
    checked = client.post("/presets/check", json={"preset": wrong})

    assert refused.status_code == 422
    assert refused.json["detail"] == checked.json["detail"]
    assert (
        "wave.yaml: keyframe 1 (time 0), params: 'smlie' is no parameter"
        in (refused.json["detail"])
    )
    assert [path.name for path in (tmp_path / "presets").iterdir()] == ["mine.yaml"]


def test_a_name_cannot_lead_out_of_the_folder(client: FlaskClient, tmp_path: Path) -> None:
    for name in ("..%2Fevil", "evil%00", "Evil", "a" * 40):
        answer = client.put(f"/presets/{name}", json={"preset": wave(name="../evil")})
        assert answer.status_code in (400, 404, 405, 422)

    other = client.put("/presets/other", json={"preset": wave()})
    assert other.status_code == 422
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["mine.yaml"]


def test_a_shipped_preset_is_not_deleted(client: FlaskClient) -> None:
    assert client.delete("/presets/smile").status_code == 409


def test_curves_are_those_that_play(client: FlaskClient) -> None:
    checked = client.post("/presets/check", json={"preset": wave()}).json

    assert checked["ok"] is True
    assert max(checked["curves"]["head_roll"]) == 9
    assert checked["yaml"].count("\n  - ") == 3


def test_a_draft_is_played_or_shown_at_one_place_and_forgotten(
    client: FlaskClient, stream: FakeStream
) -> None:
    client.post("/presets/try", json={"preset": wave(mode="hold"), "strength": 0.5})
    assert [draft.mode for draft in stream.tried if draft] == ["once"]

    shown = client.post("/presets/try", json={"preset": wave(), "at": 0.5}).json["shown"]
    assert shown == {"head_roll": 9}
    driven = stream.controls.snapshot().driven["preset editor"]
    assert driven["head_roll"].value == 9

    client.post("/presets/forget", json={})
    assert "preset editor" not in stream.controls.snapshot().driven


def test_the_schema_lists_what_the_editor_offers(client: FlaskClient) -> None:
    schema = client.get("/presets/schema").json

    assert schema["easings"]["linear"][10] == 0.5
    assert "hold" in schema["modes"]
    assert "blink" in schema["channels"]
