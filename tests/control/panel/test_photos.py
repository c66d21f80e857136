"""Photos added, described and removed by requests, and the points of their faces."""

import copy
import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from control.panel.routes_photos import MAX_UPLOAD_BYTES
from control.panel.server import PanelServer
from streamer.resources import shipped, user_folder
from tests.control.fakes import FakeStream
from tests.control.panel.test_routes import problem

MONA_LISA = (shipped("photo") / "mona-lisa.jpg").read_bytes()


def picture(size: tuple[int, int] = (320, 240)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (180, 140, 90)).save(data, "PNG")
    return data.getvalue()


def kept() -> list[str]:
    folder = user_folder("photos")
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def names(client: FlaskClient) -> list[str]:
    return [photo["name"] for photo in client.get("/photos").json["photos"]]


def test_a_picture_is_added_under_a_name_of_its_own(client: FlaskClient) -> None:
    before = client.get("/state").json["photos_id"]

    first = client.put("/photos/할머니.JPG", data=MONA_LISA)
    second = client.put("/photos/할머니.JPG", data=MONA_LISA)

    assert first.status_code == second.status_code == 201
    assert first.json["photo"]["own"] is True
    assert first.headers["Location"] == "/photos/%ED%95%A0%EB%A8%B8%EB%8B%88"
    assert second.json["photo"]["name"] == "할머니-2"
    assert client.get(first.json["photo"]["thumbnail"]).mimetype == "image/jpeg"
    assert (user_folder("photos") / "할머니.jpg").read_bytes() == MONA_LISA
    assert kept() == ["할머니-2.jpg", "할머니.jpg"]
    assert client.get("/state").json["photos_id"] > before
    assert "할머니" in names(client)


def test_what_has_no_face_is_refused_unless_it_will_be_marked(client: FlaskClient) -> None:
    refused = problem(client.put("/photos/cat.png", data=picture()), 422)
    assert refused["code"] == "no-face"
    assert "'cat.png'" in refused["detail"]
    assert "living-portrait" not in refused["detail"]
    assert kept() == []

    added = client.put("/photos/cat.png?face=by-hand", data=picture())

    assert added.status_code == 201
    assert kept() == ["cat.png"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7", "is not a picture"),
        (MONA_LISA[:3000], "is damaged"),
        (picture((30, 30)), "only 30 x 30"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    client: FlaskClient, data: bytes, said: str
) -> None:
    body = problem(client.put("/photos/me.pdf", data=data), 422)

    assert body["code"] == "photo-refused"
    assert body["detail"].startswith("'me.pdf' ")
    assert said in body["detail"]
    assert kept() == []


def test_a_name_cannot_lead_anywhere_else(client: FlaskClient, tmp_path: Path) -> None:
    added = client.put("/photos/..%5C..%5Cevil.jpg", data=MONA_LISA)

    assert added.json["photo"]["name"] == "evil"
    assert kept() == ["evil.jpg"]
    problem(client.put("/photos/..%2F..%2Fevil.jpg", data=MONA_LISA), 404)


def test_uploads_may_be_large_and_nothing_else(client: FlaskClient, server: PanelServer) -> None:
    import http.client

    heavy = MONA_LISA + bytes(3 * 2**20)
    for method, path, status in (
        ("PUT", "/photos/heavy.jpg", 201),
        ("PUT", "/view", 413),
        ("POST", "/photos", 413),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request(method, path, heavy)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == status, path

    assert (user_folder("photos") / "heavy.jpg").stat().st_size == len(heavy)
    assert client.get("/photos").json["limits"] == {
        "bytes": MAX_UPLOAD_BYTES,
        "pixels": 40_000_000,
    }


def test_who_it_is_and_whether_they_may_speak(client: FlaskClient) -> None:
    client.put("/photos/me.jpg", data=MONA_LISA)

    body = {"label": {"en": "Grandma", "ko": "할머니"}, "may_speak": False, "credit": "mine"}
    told = client.put("/photos/me/about", json=body).json["photo"]

    assert {key: told[key] for key in body} == body
    assert "할머니" in (user_folder("photos") / "me.about.yaml").read_text(encoding="utf-8")
    for wrong in ({"label": "Me"}, {"label": {"fr": "Moi"}}, {"may_speak": "no"}, {"terms": "x"}):
        problem(client.put("/photos/me/about", json=wrong), 400)
    problem(client.put("/photos/me/about", json={"label": {"en": "x" * 99}}), 422)
    assert client.put("/photos/me/about", json={"credit": ""}).json["photo"]["credit"] == ""


def test_only_the_users_own_is_removed_and_never_from_the_stage(
    client: FlaskClient, stream: FakeStream
) -> None:
    client.put("/photos/me.jpg", data=MONA_LISA)
    client.put("/photos/me/about", json={"may_speak": False})

    stream.photo = "me"
    assert problem(client.delete("/photos/me"), 409)["code"] == "on-stage"
    assert problem(client.delete("/photos/mona-lisa"), 409)["code"] == "not-yours"
    assert problem(client.put("/photos/mona-lisa/about", json={}), 409)["code"] == "not-yours"
    assert problem(client.delete("/photos/nobody"), 404)["known"]
    stream.photo = "mona-lisa"
    assert client.delete("/photos/me").json == {"removed": "me"}

    assert kept() == []
    assert "me" not in names(client)


def test_the_picture_is_given_as_the_engines_see_it(client: FlaskClient) -> None:
    data = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by the camera
    Image.new("RGB", (3000, 1000), (200, 100, 50)).save(data, "JPEG", exif=exif)
    client.put("/photos/wide.jpg?face=by-hand", data=data.getvalue())

    response = client.get("/photos/wide/image")

    assert response.mimetype == "image/jpeg"
    assert Image.open(io.BytesIO(response.data)).size == (683, 2048)
    problem(client.get("/photos/broken/image"), 422)


def points(client: FlaskClient, name: str = "me") -> dict[str, Any]:
    body = client.get(f"/photos/{name}/landmarks").json
    assert isinstance(body, dict)
    return body


def test_points_are_read_tried_kept_and_given_up(client: FlaskClient, stream: FakeStream) -> None:
    client.put("/photos/me.jpg", data=MONA_LISA)
    found = points(client)
    assert found["source"] == "found"
    document = copy.deepcopy(found["landmarks"])
    document["mouth"]["corner_l"][0] -= 3

    tried = client.post("/photos/me/landmarks/try", json=document)
    assert tried.status_code == 200
    assert stream.staged == [("me", tried.json["landmarks"])]
    assert stream.staged[0][1]["mouth"] == document["mouth"]  # type: ignore[index]
    assert kept() == ["me.jpg"]

    saved = client.put("/photos/me/landmarks", json=document)
    assert saved.json["saved"] == str(user_folder("photos") / "me.landmarks.yaml")
    assert saved.json["aside"] is None
    assert stream.staged[1:] == [("me", None)]  # on stage, so staged anew from the file
    assert points(client)["source"] == "yours"
    anew = client.get("/photos/me/landmarks?anew=yes").json
    assert (anew["source"], anew["landmarks"]) == ("found", found["landmarks"])

    assert client.delete("/photos/me/landmarks").json == {"removed": True}
    assert client.delete("/photos/me/landmarks").json == {"removed": False}
    assert points(client)["source"] == "found"
    assert kept() == ["me.jpg"]


def test_keeping_points_of_a_photo_that_is_not_on_stage_changes_nothing_there(
    client: FlaskClient, stream: FakeStream
) -> None:
    client.put("/photos/me.jpg", data=MONA_LISA)

    client.put("/photos/me/landmarks", json=points(client)["landmarks"])

    assert stream.staged == []
    assert stream.photo == "mona-lisa"


def test_two_pupils_make_a_face_where_none_is_found(client: FlaskClient) -> None:
    client.put("/photos/cat.png?face=by-hand", data=picture())
    nothing = points(client, "cat")
    assert (nothing["source"], nothing["landmarks"]) == ("none", None)
    assert "No face was found" in nothing["problem"]

    body = {"left": [120, 100], "right": [180.5, 98]}
    document = client.post("/photos/cat/landmarks/pupils", json=body).json["landmarks"]

    assert document["eye_l"]["iris"] == [120, 100]
    assert client.put("/photos/cat/landmarks", json=document).status_code == 200
    assert points(client, "cat")["source"] == "yours"
    for wrong in ({"left": [1, 2]}, {"left": [1], "right": [2, 3]}, {"left": "a", "right": [1, 2]}):
        problem(client.post("/photos/cat/landmarks/pupils", json=wrong), 400)
    near = {"left": [100, 100], "right": [104, 100]}
    assert (
        "4 px apart"
        in problem(client.post("/photos/cat/landmarks/pupils", json=near), 422)["detail"]
    )


def test_wrong_points_are_refused_in_the_readers_words(client: FlaskClient) -> None:
    client.put("/photos/me.jpg", data=MONA_LISA)
    document = points(client)["landmarks"]
    document["eye_l"]["iris"] = [400, 260]

    for attempt in (
        client.put("/photos/me/landmarks", json=document),
        client.post("/photos/me/landmarks/try", json=document),
    ):
        detail = problem(attempt, 422)["detail"]
        assert detail.startswith("me.landmarks.yaml: eye_l.iris lies to the right of eye_r.iris")
    problem(client.put("/photos/me/landmarks", json={"eyes": 1}), 400)
    problem(client.put("/photos/nobody/landmarks", json=document), 404)
    assert kept() == ["me.jpg"]


def test_who_agreed_is_kept_with_the_photo_and_can_be_changed(client: FlaskClient) -> None:
    added = client.put("/photos/me.jpg?consent=With permission of 할머니", data=MONA_LISA)

    assert added.json["photo"]["consent"] == "With permission of 할머니"
    file = user_folder("photos") / "me.about.yaml"
    assert "consent: With permission of 할머니" in file.read_text(encoding="utf-8")
    changed = client.put("/photos/me/about", json={"consent": "  It is me "}).json["photo"]
    assert changed["consent"] == "It is me"
    assert client.put("/photos/me/about", json={"consent": ""}).json["photo"]["consent"] == ""
    assert client.get("/photos").json["photos"][-1]["consent"] == ""


@pytest.mark.parametrize("words", ["x" * 201, "a%0Ab", "a%00b"])
def test_a_consent_that_cannot_be_kept_adds_no_photo(client: FlaskClient, words: str) -> None:
    body = problem(client.put(f"/photos/me.jpg?consent={words}", data=MONA_LISA), 422)

    assert "consent" in body["detail"]
    assert kept() == []
