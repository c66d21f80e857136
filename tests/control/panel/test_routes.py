"""What scripts can ask of the interface, and what they are told when they err."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from control.problems import MEDIA_TYPE
from streamer import PARAMETERS
from tests.control.fakes import FakeStream


def problem(response: Any, status: int) -> dict[str, Any]:
    """Check that an answer is a problem of this status, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == MEDIA_TYPE
    body = json.loads(response.data)
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert len(body["detail"]) > 20
    assert body["instance"] == response.request.path
    return dict(body)


def test_health_answers_503_when_frames_have_stopped(
    client: FlaskClient, stream: FakeStream
) -> None:
    well = client.get("/health")
    stream.flowing = False
    stalled = client.get("/health")

    assert well.status_code == 200
    for key in ("engine", "device", "fps", "camera", "photo", "uptime_s"):
        assert key in well.json
    assert stalled.status_code == 503
    assert stalled.json["status"] == "stalled"


def test_expressions_tell_label_emoji_and_length(client: FlaskClient) -> None:
    body = client.get("/expressions").json

    smile = next(e for e in body["expressions"] if e["name"] == "smile")
    assert smile["label"] == {"en": "Smile", "ko": "웃어봐"}
    assert smile["emoji"] == "😊"
    assert smile["duration_ms"] == 1500
    assert smile["mode"] == "once"


def test_the_source_image_is_a_picture(client: FlaskClient) -> None:
    response = client.get("/source-image")

    assert response.mimetype == "image/png"
    assert Image.open(io.BytesIO(response.data)).size == (30, 40)


def test_state_is_the_stream_s_with_the_doors(client: FlaskClient) -> None:
    state = client.get("/state").json

    assert set(state["face"]) == set(PARAMETERS)
    for key in ("playing", "held", "idle", "photo", "engine", "camera", "fps", "late", "processes"):
        assert key in state
    assert state["osc"]["listening"] is False


def test_parameters_are_the_table_with_values(client: FlaskClient) -> None:
    client.put("/parameters", json={"smile": 0.5})

    body = client.get("/parameters").json

    assert [p["name"] for p in body["parameters"]] == list(PARAMETERS)
    by_name = {p["name"]: p for p in body["parameters"]}
    assert by_name["smile"]["held"] == by_name["smile"]["value"] == 0.5
    assert by_name["smile"]["label"]["ko"] == "미소"
    assert by_name["eye_ratio"]["neutral"] == pytest.approx(0.35)
    assert {p["group"] for p in body["parameters"]} == set(body["groups"])


def test_parameters_are_held_clamped_and_freed(client: FlaskClient, stream: FakeStream) -> None:
    first = client.put("/parameters", json={"smile": 99, "head_yaw": -3})
    second = client.put("/parameters", json={"smile": None})

    assert first.json == {"held": {"smile": 1.3, "head_yaw": -3.0}}
    assert second.json == {"held": {"head_yaw": -3.0}}
    assert client.post("/reset").json == {"held": {}}
    assert stream.controls.snapshot().held == {}


def test_half_a_change_is_never_made(client: FlaskClient, stream: FakeStream) -> None:
    problem(client.put("/parameters", json={"smile": 1, "wink": "much"}), 400)

    assert stream.controls.snapshot().held == {}


def test_presets_are_triggered_released_and_stopped(
    client: FlaskClient, stream: FakeStream
) -> None:
    assert client.post("/trigger/smile").status_code == 200
    assert client.post("/trigger/talk", json={"strength": 0.5, "length_s": 3}).status_code == 200
    assert client.post("/release/talk").status_code == 200
    assert client.post("/stop").status_code == 200

    cues = [(c.name, c.strength, c.length_s) for c in stream.controls.snapshot().cues]
    assert cues == [("smile", 1, None), ("talk", 0.5, 3), ("talk", 0, None), ("", 0, None)]
    assert stream.controls.snapshot().cues[0].source == "page"


def test_idle_pause_and_view(client: FlaskClient, stream: FakeStream) -> None:
    assert client.put("/idle", json={"strength": 0.25}).json == {"strength": 0.25, "style": "calm"}
    assert client.put("/idle", json={"style": "lively"}).json["style"] == "lively"
    assert [style["name"] for style in client.get("/idle").json["styles"]] == ["calm", "lively"]
    assert client.put("/pause", json={"paused": True}).json == {"paused": True}
    assert stream.controls.snapshot().paused
    view = client.put("/view", json={"zoom": 1.5, "mirror": True, "fit": "cover"}).json["view"]
    assert (view["zoom"], view["mirror"], view["fit"]) == (1.5, True, "cover")


def test_photos_are_listed_and_changed(client: FlaskClient, stream: FakeStream) -> None:
    body = client.get("/photos").json
    changed = client.post("/photos", json={"name": "sample-image"})

    assert body["current"] == "mona-lisa"
    demo = next(p for p in body["photos"] if p["name"] == "sample-image")
    assert (demo["demo"], demo["may_speak"], demo["credit"]) == (True, False, "NASA")
    assert changed.json == {"current": "sample-image"}
    assert stream.photo == "sample-image"


def test_a_photo_that_is_refused_says_why_and_the_current_one_stays(
    client: FlaskClient, stream: FakeStream
) -> None:
    body = problem(client.post("/photos", json={"name": "broken"}), 422)

    assert "No face was found" in body["detail"]
    assert stream.photo == "mona-lisa"


def test_thumbnails_are_small_and_cached_by_the_file_s_state(client: FlaskClient) -> None:
    first = client.get("/photos/mona-lisa/thumbnail")
    again = client.get(
        "/photos/mona-lisa/thumbnail", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert max(Image.open(io.BytesIO(first.data)).size) == 240
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/trigger/grimace", None, 404, "smile"),
        ("POST", "/release/grimace", None, 404, "smile"),
        ("POST", "/trigger/smile", {"strength": 2}, 400, "0 to 1"),
        ("POST", "/trigger/smile", {"strength": "1"}, 400, "number"),
        ("POST", "/trigger/smile", {"strength": True}, 400, "number"),
        ("POST", "/trigger/smile", {"length_s": 0}, 400, "0.05 to 600"),
        ("POST", "/trigger/smile", {"power": 1}, 400, "'power'"),
        ("PUT", "/parameters", {"nose": 1}, 400, "'nose'"),
        ("PUT", "/parameters", {"smile": [1]}, 400, "number"),
        ("PUT", "/idle", {"strength": 3}, 400, "0 to 1"),
        ("PUT", "/idle", {"style": "wild"}, 404, "calm"),
        ("PUT", "/idle", {"style": 3}, 400, "text"),
        ("PUT", "/pause", {"paused": 1}, 400, "true or false"),
        ("PUT", "/pause", {}, 400, "true or false"),
        ("PUT", "/view", {"fit": "stretch"}, 400, "cover"),
        ("PUT", "/view", {"zoom": 99}, 400, "zoom"),
        ("PUT", "/view", {"width": 640}, 400, "'width'"),
        ("PUT", "/view", {"fill": "red"}, 400, "#202428"),
        ("PUT", "/view", {"mirror": "yes"}, 400, "true or false"),
        ("POST", "/photos", {"name": "nobody"}, 404, "mona-lisa"),
        ("POST", "/photos", {}, 400, "'name'"),
        ("GET", "/photos/nobody/thumbnail", None, 404, "mona-lisa"),
        ("GET", "/photos/broken/thumbnail", None, 422, "broken"),
        ("GET", "/nothing", None, 404, ""),
        ("GET", "/trigger/smile", None, 405, ""),
        ("POST", "/generate", None, 400, "'expression'"),
        ("POST", "/generate", {"expression": "grimace"}, 404, "smile"),
        ("POST", "/generate", {"expression": "smile", "fps": 0}, 400, "1 to 60"),
        ("POST", "/generate", {"expression": "smile", "fps": 61}, 400, "1 to 60"),
        ("POST", "/generate", {"expression": "smile", "fps": "30"}, 400, "number"),
        ("POST", "/generate", {"expression": "smile", "strength": 0}, 400, "strength"),
        ("POST", "/generate", {"expression": "smile", "strength": -1}, 400, "0 to 1"),
        ("POST", "/generate", {"expression": "smile", "width": 100000}, 400, "64 to 1920"),
        ("POST", "/generate", {"expression": "smile", "frames": 3}, 400, "'frames'"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_would_work(
    client: FlaskClient,
    stream: FakeStream,
    method: str,
    path: str,
    body: Any,
    status: int,
    words: str,
) -> None:
    before = stream.controls.snapshot()

    response = (
        client.open(path, method=method, json=body)
        if body is not None
        else client.open(path, method=method)
    )

    assert words in problem(response, status)["detail"]
    assert stream.controls.snapshot() == before


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"smile"',
        b'{"smile": NaN}',
        b'{"smile": Infinity}',
        b'{"smile": 1e999}',
        b'{"smile": 1' + b"0" * 400 + b"}",
        b'{"smile": 1' + b"0" * 5000 + b"}",
        b'{"smile": 1, "smile": 2}',
        b'{"smile": ' + b"[" * 20000 + b"]" * 20000 + b"}",
    ],
)
def test_bodies_that_are_no_clean_json_are_refused(
    client: FlaskClient, stream: FakeStream, data: bytes
) -> None:
    problem(client.put("/parameters", data=data, content_type="application/json"), 400)

    assert stream.controls.snapshot().held == {}


def test_a_form_is_no_json(client: FlaskClient) -> None:
    body = problem(client.put("/parameters", data={"smile": "1"}), 415)

    assert "application/json" in body["detail"]


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    data = b'{"smile": 1' + b" " * 100_000 + b"}"

    problem(client.put("/parameters", data=data, content_type="application/json"), 413)


def test_a_snapshot_is_the_next_frame(client: FlaskClient, stream: FakeStream) -> None:
    with stream.showing():
        response = client.get("/snapshot.jpg")

    assert Image.open(io.BytesIO(response.data)).size == (1280, 720)


def test_the_osc_monitor_is_empty_without_a_door(client: FlaskClient) -> None:
    body = client.get("/osc").json

    assert body["messages"] == []
    assert body["state"]["listening"] is False


def test_the_page_follows_the_browser_s_language(client: FlaskClient) -> None:
    korean = client.get("/", headers={"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}).text
    english = client.get("/", headers={"Accept-Language": "de"}).text

    assert '<html lang="ko"' in korean
    assert '<html lang="en"' in english


def test_a_photo_without_consent_is_not_made_to_speak(
    client: FlaskClient, stream: FakeStream
) -> None:
    stream.photo = "sample-image"

    for refused in (
        client.post("/trigger/talk"),
        client.post("/trigger/talk", json={"length_s": 9}),
    ):
        body = problem(refused, 409)
        assert body["code"] == "not-for-this-photo"
        assert "sample-image" in body["detail"]
    drawn = problem(client.post("/generate", json={"expression": "talk"}), 409)
    assert drawn["code"] == "not-for-this-photo"
    assert client.post("/trigger/talk", json={"strength": 0}).status_code == 200
    assert client.post("/release/talk").status_code == 200
    assert client.post("/trigger/smile").status_code == 200

    assert [cue.name for cue in stream.controls.snapshot().cues if cue.strength] == ["smile"]
    told = {e["name"]: e["speaks"] for e in client.get("/expressions").json["expressions"]}
    assert told == {"smile": False, "wink": False, "talk": True}
