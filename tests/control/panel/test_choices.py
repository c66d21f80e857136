"""Engine, output, privacy and model files over HTTP, and what is remembered of it."""

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.download import Download
from control.remembered import Memory, recall
from streamer.engines import needs
from streamer.engines.needs import Need
from tests.control.fakes import FakeStream


def kept(memory: Memory) -> dict[str, Any]:
    memory.close()
    return dict(recall(memory._file).choices)


def test_there_is_told_what_to_choose_from(client: FlaskClient) -> None:
    told = client.get("/choices").json

    assert told["choices"]["size"] == "1280x720"
    assert told["cameras"] == [{"device": "/dev/video10", "label": "Living Portrait"}]
    assert [engine["name"] for engine in told["engines"]] == [
        "auto",
        "liveportrait",
        "baked",
        "warp",
    ]
    assert told["remembered"] is True


def test_an_engine_that_cannot_be_used_says_why_and_what_to_type(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "torch_need", lambda: Need("torch", False, "no torch", "pip it"))

    neural = client.get("/choices").json["engines"][1]

    assert neural["usable"] is False
    assert {"subject": "torch", "ok": False, "found": "no torch", "fix": "pip it"} in neural[
        "needs"
    ]


def test_the_engine_is_changed_and_told_why(client: FlaskClient, stream: FakeStream) -> None:
    answer = client.put("/engine", json={"engine": "warp", "device": "cpu", "speed": "safe"})

    assert answer.json["why"] == "Engine: warp, as asked."
    assert (stream.chosen["engine"], stream.chosen["device"], stream.chosen["speed"]) == (
        *("warp", "cpu", "safe"),
    )


def test_what_is_not_named_stays(client: FlaskClient, stream: FakeStream) -> None:
    client.put("/engine", json={"engine": "warp", "device": "cpu"})
    client.put("/engine", json={"engine": "liveportrait"})
    client.put("/output", json={"size": "640x480"})
    client.put("/output", json={"fps": 25})

    assert stream.chosen == {
        "engine": "liveportrait",
        "device": "cpu",
        "speed": "auto",
        "camera": "none",
        "size": "640x480",
        "fps": 25.0,
    }


def test_an_engine_that_refuses_leaves_the_present_one(
    client: FlaskClient, stream: FakeStream
) -> None:
    answer = client.put("/engine", json={"engine": "liveportrait", "device": "cuda"})

    assert (answer.status_code, answer.json["code"]) == (422, "engine-refused")
    assert "--device auto" in answer.json["detail"]
    assert stream.chosen["engine"] == "auto"
    assert client.get("/state").json["changing"] is None


def test_a_change_under_way_is_seen_and_a_second_one_is_told_to_wait(
    client: FlaskClient, stream: FakeStream
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait(60)

    stream.before_engine = wait
    other = client.application.test_client()
    change = threading.Thread(target=lambda: other.put("/engine", json={"engine": "warp"}))
    change.start()
    try:
        assert begun.wait(60)
        assert client.get("/state").json["changing"]["what"] == "engine"
        answer = client.put("/output", json={"fps": 25})
        assert (answer.status_code, answer.json["code"]) == (409, "busy")
        assert client.put("/privacy", json={"privacy": True}).status_code == 200
    finally:
        go_on.set()
        change.join()
    assert client.put("/output", json={"fps": 25}).status_code == 200


@pytest.mark.parametrize(
    ("route", "body", "says"),
    [
        ("/engine", {"engine": "wrap"}, "auto, liveportrait, baked, warp"),
        ("/engine", {"device": "cpu"}, "'engine' must be a text"),
        ("/engine", {"engine": "warp", "device": "tpu"}, "auto, cpu"),
        ("/engine", {"engine": "warp", "speed": "ludicrous"}, "auto, safe, fast"),
        ("/output", {"size": "1281x720"}, "even number"),
        ("/output", {"size": "huge"}, "1280x720"),
        ("/output", {"fps": 500}, "1 to 60"),
        ("/output", {"camera": ""}, "must be a text"),
        ("/output", {"cam": "none"}, "Unknown key"),
        ("/privacy", {"privacy": 1}, "true or false"),
        ("/privacy", {}, "true or false"),
    ],
)
def test_what_no_choice_is_says_what_would_be(
    client: FlaskClient, stream: FakeStream, route: str, body: dict[str, Any], says: str
) -> None:
    before = stream.choices()

    answer = client.put(route, json=body)

    assert answer.status_code == 400
    assert says in answer.json["detail"]
    assert stream.choices() == before


def test_privacy_is_in_state_and_health(client: FlaskClient) -> None:
    client.put("/privacy", json={"privacy": True})

    assert client.get("/state").json["privacy"] is True
    assert client.get("/health").json["privacy"] is True


def test_what_is_chosen_is_remembered_and_nothing_else(
    client: FlaskClient, stream: FakeStream, memory: Memory
) -> None:
    stream.chosen["fps"] = 25.0  # a flag of this start

    client.post("/photos", json={"name": "sample-image"})
    client.put("/view", json={"zoom": 1.5, "mirror": True})
    client.put("/idle", json={"strength": 0.5, "style": "lively"})
    client.put("/output", json={"size": "640x480"})
    client.put("/engine", json={"engine": "warp"})
    client.put("/privacy", json={"privacy": True})
    client.put("/parameters", json={"smile": 0.5})

    assert kept(memory) == {
        "photo": "sample-image",
        "zoom": 1.5,
        "mirror": True,
        "idle": 0.5,
        "style": "lively",
        "size": "640x480",
        "engine": "warp",
    }


def test_what_was_refused_is_not_remembered(client: FlaskClient, memory: Memory) -> None:
    client.post("/photos", json={"name": "broken"})
    client.put("/view", json={"zoom": 99})
    client.put("/engine", json={"engine": "warp", "device": "cuda"})

    assert kept(memory) == {}


def test_model_files_are_listed_and_fetched(client: FlaskClient, download: Download) -> None:
    told = client.get("/weights").json
    assert (told["files"], told["progress"]["status"]) == ([], "idle")
    assert client.post("/weights/stop", json={}).json["progress"]["status"] == "idle"

    assert client.post("/weights/fetch", json={"commercial_only": True}).status_code == 202
    assert download._thread is not None
    download._thread.join()

    assert client.get("/state").json["weights"]["status"] == "done"


def test_without_a_folder_no_model_files_are_offered(stream: FakeStream) -> None:
    app = create_app(stream)
    try:
        client = app.test_client()

        assert client.post("/weights/fetch", json={}).status_code == 409
        assert client.get("/state").json["weights"] is None
        assert client.get("/choices").json["remembered"] is False
    finally:
        panel_of(app).close()


def test_the_badge_is_switched_remembered_and_told(
    client: FlaskClient, stream: FakeStream, memory: Memory
) -> None:
    assert client.put("/badge", json={"badge": "ai"}).json == {"badge": "ai"}

    assert client.get("/state").json["badge"] == "ai"
    assert client.get("/choices").json["choices"]["badge"] == "ai"
    answer = client.put("/badge", json={"badge": True})
    assert answer.status_code == 400
    assert client.put("/badge", json={"badge": "AI"}).status_code == 400
    assert stream.badge == "ai"
    memory.close()
    assert recall(memory._file).choices == {"badge": "ai"}
