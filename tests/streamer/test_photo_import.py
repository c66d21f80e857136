"""Pictures taken into a folder: judged first, kept byte for byte, all or nothing."""

import io
from pathlib import Path

import pytest
from PIL import Image

from streamer import NoFaceError, PhotoError
from streamer.photo import Photo
from streamer.photo_import import safe_stem
from streamer.photo_library import PhotoLibrary


def picture(format_: str = "PNG", size: tuple[int, int] = (80, 100), colour: int = 90) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (colour, 120, 150)).save(data, format_)
    return data.getvalue()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own" / "photos"


@pytest.fixture
def library(tmp_path: Path, own: Path) -> PhotoLibrary:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "mona-lisa.png").write_bytes(picture())
    return PhotoLibrary([shipped], own)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_picture_is_kept_byte_for_byte_and_can_be_chosen(
    library: PhotoLibrary, own: Path
) -> None:
    seen: list[Photo] = []
    data = picture("JPEG")

    entry = library.add("우리 할머니.JPG", data, seen.append)

    assert entry.own
    assert entry.name == "우리 할머니"
    assert entry.path == own / "우리 할머니.jpg"
    assert entry.path.read_bytes() == data
    assert library.find_name("우리 할머니") == entry.path
    assert seen[0].size_in_file == (80, 100)
    assert names(own) == ["우리 할머니.jpg"]
    assert library.revision == 1


def test_a_second_one_of_the_same_name_gets_a_number(library: PhotoLibrary, own: Path) -> None:
    for _ in range(3):
        library.add("me.png", picture(), None)
    library.add("ME.jpg", picture("JPEG"), None)

    assert names(own) == ["ME-4.jpg", "me-2.png", "me-3.png", "me.png"]


def test_a_built_in_one_is_never_replaced(library: PhotoLibrary) -> None:
    entry = library.add("Mona-Lisa.png", picture(colour=1), None)

    assert entry.name == "mona-lisa-2"
    assert library.find_name("mona-lisa").parent.name == "shipped"


def test_points_left_by_an_earlier_photo_are_not_taken_for_its_own(
    library: PhotoLibrary, own: Path
) -> None:
    own.mkdir(parents=True)
    (own / "me.landmarks.yaml").write_text("version: 1")

    assert library.add("me.png", picture(), None).path.name == "me-2.png"


def test_the_bytes_say_what_it_is(library: PhotoLibrary) -> None:
    assert library.add("holiday.txt", picture("JPEG"), None).path.name == "holiday.jpg"
    assert library.add("beach.png", picture("WEBP"), None).path.name == "beach.webp"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\me\Pictures\Me.jpg", "Me"),
        ("/absolute.png", "absolute"),
        ("..", "photo"),
        (".hidden.png", "hidden"),
        ("", "photo"),
        ("a\0b\n.png", "a b"),
        ("con.png", "photo"),
        ("COM1.tar.png", "photo"),
        ('a<b>:"c|d?*.png', "a b c d"),
        ("v1.2 final", "v1.2 final"),
        ("얼굴.png", "얼굴"),
        ("\u1112\u1161\u11ab.png", "한"),  # as macOS writes it
        ("가" * 200 + ".png", "가" * 60),
        ("a" * 59 + " . b.png", "a" * 59),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    assert safe_stem(given) == kept


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.txt", b"no picture at all", "'notes.txt' is not a picture"),
        ("empty.png", b"", "'empty.png' is empty"),
        ("half.png", picture(size=(900, 900))[:400], "'half.png' is damaged"),
        ("dot.png", picture(size=(20, 20)), "'dot.png' has only 20 x 20 px"),
    ],
)
def test_what_cannot_be_used_is_refused_under_its_own_name_and_nothing_is_left(
    library: PhotoLibrary, own: Path, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(PhotoError, match=said) as told:
        library.add(name, data, None)

    assert str(own) not in str(told.value)
    assert names(own) == []
    assert library.revision == 0


def test_without_a_face_it_is_not_kept(library: PhotoLibrary, own: Path) -> None:
    def check(photo: Photo) -> None:
        raise NoFaceError(f"No face was found in '{photo.path}'. Mark it", f": type {photo.path}")

    with pytest.raises(NoFaceError, match=r"^No face was found in 'cat.png'. Mark it\.$"):
        library.add("cat.png", picture(), check)

    assert names(own) == []


def test_a_disk_that_cannot_be_written_says_so_and_loses_nothing(
    library: PhotoLibrary, own: Path
) -> None:
    own.parent.mkdir(parents=True)
    own.write_text("a file in the place of the folder")

    with pytest.raises(PhotoError, match="could not be kept"):
        library.add("me.png", picture(), None)

    assert own.read_text() == "a file in the place of the folder"


def test_removing_takes_what_belongs_to_it_and_nothing_else(
    library: PhotoLibrary, own: Path
) -> None:
    library.add("me.png", picture(), None)
    library.add("me too.png", picture(), None)
    for beside in ("me.about.yaml", "me.landmarks.yaml", "me.landmarks.old.yaml"):
        (own / beside).write_text("label: {en: Me}")
    (own / "me too.landmarks.yaml").write_text("version: 1")

    library.remove("me")

    assert names(own) == ["me too.landmarks.yaml", "me too.png"]


def test_only_the_users_own_can_be_removed_or_described(library: PhotoLibrary) -> None:
    with pytest.raises(PhotoError, match="none of the photos that were added"):
        library.remove("mona-lisa")
    with pytest.raises(PhotoError, match="none of the photos that were added"):
        library.change_about("mona-lisa", {"may_speak": False})

    assert library.find_name("mona-lisa").is_file()


def test_who_it_is_and_whether_they_may_speak_is_written_beside_it(
    library: PhotoLibrary, own: Path
) -> None:
    library.add("me.png", picture(), None)

    entry = library.change_about(
        "me", {"label": {"en": "Grandma: 1950", "ko": "할머니"}, "may_speak": False}
    )
    again = library.change_about("me", {"credit": "by Grandpa"})

    assert (entry.label["ko"], entry.may_speak) == ("할머니", False)
    assert (again.label["en"], again.may_speak, again.credit) == (
        "Grandma: 1950",
        False,
        "by Grandpa",
    )
    assert names(own) == ["me.about.yaml", "me.png"]
    assert "할머니" in (own / "me.about.yaml").read_text(encoding="utf-8")
    assert library.change_about("me", {"label": {"en": "", "ko": ""}}).label["en"] == "Me"


def test_an_about_file_that_a_person_got_wrong_is_not_written_over(
    library: PhotoLibrary, own: Path
) -> None:
    library.add("me.png", picture(), None)
    (own / "me.about.yaml").write_text("creditt: mine")

    with pytest.raises(PhotoError, match="creditt is not known"):
        library.change_about("me", {"may_speak": True})

    assert (own / "me.about.yaml").read_text() == "creditt: mine"


@pytest.mark.parametrize(
    "changes", [{"label": {"en": "x" * 61}}, {"credit": "a\nb"}, {"terms": "mine"}]
)
def test_texts_that_do_not_fit_are_refused(
    library: PhotoLibrary, own: Path, changes: dict[str, object]
) -> None:
    library.add("me.png", picture(), None)

    with pytest.raises(PhotoError, match="was not written"):
        library.change_about("me", changes)

    assert names(own) == ["me.png"]
