"""Names for pictures, and nothing but pictures, from the folders given."""

import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from streamer.errors import PhotoError
from streamer.photo_library import PhotoLibrary
from streamer.resources import shipped


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (80, 80)).save(path, format="png")
    return path


def test_the_shipped_portraits_carry_their_terms() -> None:
    entries = {entry.name: entry for entry in PhotoLibrary([shipped("photo")]).entries()}

    assert list(entries) == ["mona-lisa", "sample-image"]
    assert entries["sample-image"].demo
    assert not entries["sample-image"].may_speak
    assert entries["mona-lisa"].may_speak
    assert entries["mona-lisa"].label["ko"] == "모나리자"
    for entry in entries.values():
        assert entry.credit
        assert (shipped("photo") / entry.terms).is_file()


def test_a_picture_dropped_into_a_folder_is_there_without_a_restart(tmp_path: Path) -> None:
    library = PhotoLibrary([tmp_path / "later"])
    assert library.entries() == []

    path = picture(tmp_path / "later" / "My_Face.PNG")

    assert library.find_name("my_face") == path
    assert library.entries()[0].label["en"] == "My Face"


def test_only_pictures_are_listed_and_every_name_once(tmp_path: Path) -> None:
    for name in ("me.jpg", "me.png", "me.landmarks.yaml", ".hidden.png", "notes.txt"):
        picture(tmp_path / "a" / name)
    picture(tmp_path / "a" / "deeper" / "inside.png")
    picture(tmp_path / "b" / "me.jpg")

    names = [e.name for e in PhotoLibrary([tmp_path / "a", tmp_path / "b"]).entries()]

    assert names == ["me", "me.png", "me.jpg"]


def test_an_unknown_name_lists_the_names_and_the_closest(tmp_path: Path) -> None:
    picture(tmp_path / "grandma.png")
    picture(tmp_path / "uncle.png")

    with pytest.raises(PhotoError, match=r"'gradma'.*'grandma'.*: grandma, uncle"):
        PhotoLibrary([tmp_path]).find_name("gradma")


def test_empty_folders_say_how_to_give_a_file(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="--photo FILE"):
        PhotoLibrary([tmp_path, tmp_path / "none"]).find_name("me")


@pytest.mark.parametrize(
    "name",
    ["../secret", "..", ".", "", "/etc/passwd", "sub/../../secret", "secret\0", "in\\..\\secret",
     "secret.png", "../secret.png", "x" * 5000, "\ud800", "\x1b[2J"],
)  # fmt: skip
def test_a_name_never_reaches_outside_the_folders(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "secret.png")
    picture(tmp_path / "in" / "me.png")

    with pytest.raises(PhotoError) as caught:
        PhotoLibrary([tmp_path / "in"]).find_name(name)

    assert str(caught.value).isprintable()


def test_links_count_only_inside_the_folders(tmp_path: Path) -> None:
    outside = picture(tmp_path / "secret.png")
    inside = picture(tmp_path / "in" / "me.png")
    (tmp_path / "in" / "out.png").symlink_to(outside)
    (tmp_path / "in" / "alias.png").symlink_to(inside)
    (tmp_path / "in" / "dead.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "in" / "loop.png").symlink_to(tmp_path / "in" / "loop.png")

    names = [entry.name for entry in PhotoLibrary([tmp_path / "in"]).entries()]

    assert names == ["alias", "me"]


def test_the_command_line_may_name_any_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = picture(tmp_path / "elsewhere" / "you.png")
    inside = picture(tmp_path / "in" / "me.png")
    odd = picture(tmp_path / "elsewhere" / "noext")
    library = PhotoLibrary([tmp_path / "in"])
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert library.find(elsewhere) == elsewhere
    assert library.find("you.png") == Path("you.png")
    assert library.find("me") == inside
    assert library.find("ME") == inside
    assert library.find("noext").resolve() == odd
    for wrong in ("nobody.png", "in/nobody.png", "nobody", "a\0b.png", ""):
        with pytest.raises(PhotoError):
            library.find(wrong)


def test_names_match_in_either_unicode_spelling(tmp_path: Path) -> None:
    picture(tmp_path / (unicodedata.normalize("NFD", "한글") + ".png"))

    entry = PhotoLibrary([tmp_path]).entries()[0]

    assert entry.name == unicodedata.normalize("NFC", "한글")
    assert PhotoLibrary([tmp_path]).find_name(unicodedata.normalize("NFD", "한글")) == entry.path


@pytest.mark.parametrize(
    "text",
    ["may_speak: maybe", "- a list", "colour: red", "label: Me", "label: {en: 3}", "credit: [x]",
     "a: [", "", "\0", "demo: true\n" + "#" * 20000],
)  # fmt: skip
def test_a_wrong_about_file_makes_the_picture_careful_and_is_reported_once(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    picture(tmp_path / "me.png")
    (tmp_path / "me.about.yaml").write_text(text, encoding="utf-8")
    library = PhotoLibrary([tmp_path])

    first, again = library.entries()[0], library.entries()[0]

    assert not first.may_speak
    assert first.demo
    assert first == again
    assert len(caplog.records) == 1
    assert "me.about.yaml" in caplog.text


def test_a_corrected_about_file_counts_at_once(tmp_path: Path) -> None:
    picture(tmp_path / "me.png")
    library = PhotoLibrary([tmp_path])
    assert library.entries()[0].may_speak

    (tmp_path / "me.about.yaml").write_text("label: {en: Myself}\nmay_speak: false\n")

    assert not library.entries()[0].may_speak
    assert library.entries()[0].label == {"en": "Myself", "ko": "Me"}
