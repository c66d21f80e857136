"""What the stream and the doors say reaches a page in its language."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from control.panel.context import panel_of
from control.panel.telling import told
from tests.control.fakes import FakeStream

KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}
GONE = "The camera /dev/video10 disappeared. "
STAYS = "The stream goes on and attaches by itself when the camera appears."


def test_a_refusal_is_said_in_the_language_asked_for(client: FlaskClient) -> None:
    korean = client.post("/photos", json={"name": "nobody"}, headers=KOREAN)
    english = client.post("/photos", json={"name": "nobody"})

    assert "사진 'nobody'이(가) 없습니다." in korean.json["detail"]
    assert korean.json["code"] == english.json["code"] == "unknown-photo"
    assert korean.json["title"] == english.json["title"]
    assert english.json["detail"].startswith("There is no photo 'nobody'.")
    assert "Accept-Language" in korean.headers["Vary"]


def test_who_names_another_language_or_none_gets_english(client: FlaskClient) -> None:
    for header in ({}, {"Accept-Language": "de"}, {"Accept-Language": "xx;q=0.1," * 900}):
        detail = client.post("/photos", json={"name": "x"}, headers=header).json["detail"]
        assert detail.startswith("There is no photo")


def test_a_mistaken_body_is_told_in_korean(client: FlaskClient) -> None:
    said = client.put("/parameters", json={"smile": "wide"}, headers=KOREAN).json["detail"]

    assert said == "'smile'은(는) 수여야 하는데 \"wide\"입니다."


def test_what_the_web_framework_refuses_is_told_in_korean(client: FlaskClient) -> None:
    assert client.get("/nowhere", headers=KOREAN).json["detail"].startswith("그런 주소는 없습니다.")


def test_the_state_tells_its_problems_in_korean(client: FlaskClient, stream: FakeStream) -> None:
    stream.troubles = [GONE + STAYS]

    korean = client.get("/health", headers=KOREAN).json
    english = client.get("/health").json

    assert english["problems"] == [GONE + STAYS]
    assert korean["problems"] == [
        "카메라 /dev/video10이 사라졌습니다. 스트림은 계속되고, 카메라가 생기면 저절로 연결됩니다."
    ]


def test_pages_in_two_languages_hear_the_same_events(app: Flask, stream: FakeStream) -> None:
    stream.troubles = [GONE + STAYS]

    heard = {}
    for language in ("ko", "en"):
        with panel_of(app).feed.listener(language) as listener:
            state: dict[str, Any] = {}
            while not state:
                for event in listener.next(60.0):
                    head, _, data = event.decode().partition("\ndata: ")
                    state = json.loads(data) if head == "event: state" else state
        heard[language] = state["problems"]

    assert heard["en"] == [GONE + STAYS]
    assert heard["ko"][0].startswith("카메라 /dev/video10이 사라졌습니다.")


def test_the_page_may_name_its_language_where_it_can_send_no_header(client: FlaskClient) -> None:
    refused = client.get("/events?lang=de")

    assert refused.status_code == 400
    assert "en, ko" in refused.json["detail"]


def test_names_and_figures_stay_as_they_are() -> None:
    state = {"photo": "Permission denied", "camera": {"message": "", "label": "is a folder"}}

    assert told(state, "ko") == state
