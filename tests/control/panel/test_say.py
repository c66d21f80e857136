"""POST /say: a text, its length, and what cannot be said."""

import pytest
from flask.testing import FlaskClient

from tests.control.fakes import FakeStream


def test_a_text_is_said_and_its_length_told(client: FlaskClient, stream: FakeStream) -> None:
    answer = client.post("/say", json={"text": "안녕하세요 😀", "strength": 0.5})
    (cue,) = stream.controls.snapshot().cues

    assert answer.json["saying"] == "안녕하세요"
    assert answer.json["length_s"] == pytest.approx(cue.spoken.performance.length_s, abs=1e-3)
    assert (cue.name, cue.strength, cue.source) == ("say", 0.5, "page")


@pytest.mark.parametrize("body", [{"text": ""}, {"text": "안녕", "strength": 0}])
def test_an_empty_text_stops_speaking(
    client: FlaskClient, stream: FakeStream, body: dict[str, object]
) -> None:
    assert client.post("/say", json=body).json["saying"] == ""

    assert [cue.strength for cue in stream.controls.snapshot().cues] == [0.0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad-value"),
        ({"text": 5}, 400, "bad-value"),
        ({"text": "가" * 501}, 400, "bad-value"),
        ({"text": "a", "strength": 2}, 400, "bad-value"),
        ({"text": "a", "voice": "x"}, 400, "unknown-key"),
        ({"text": "😀"}, 422, "nothing-to-say"),
    ],
)
def test_what_cannot_be_said_is_told(
    client: FlaskClient, stream: FakeStream, body: dict[str, object], status: int, code: str
) -> None:
    answer = client.post("/say", json=body)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert stream.controls.snapshot().cues == ()


def test_a_photo_without_consent_says_nothing(client: FlaskClient, stream: FakeStream) -> None:
    stream.photo = "sample-image"
    answer = client.post("/say", json={"text": "안녕"})

    assert (answer.status_code, answer.json["code"]) == (409, "not-for-this-photo")
    assert stream.controls.snapshot().cues == ()
