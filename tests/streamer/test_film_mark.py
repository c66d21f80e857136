from xml.etree import ElementTree

from streamer.film_mark import SYNTHETIC, TRAINED, FilmMark

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"


def description(mark: FilmMark) -> ElementTree.Element:
    root = ElementTree.fromstring(mark.xmp().decode().partition("?>")[2].rpartition("<?")[0])
    found = root.find(f"{RDF}RDF/{RDF}Description")
    assert found is not None
    return found


def test_a_film_says_which_kind_of_synthetic_it_is() -> None:
    warp, neural = FilmMark("1.0", "me", "warp"), FilmMark("1.0", "me", "liveportrait")

    assert description(warp).get(f"{IPTC}DigitalSourceType") == SYNTHETIC
    assert description(neural).get(f"{IPTC}DigitalSourceType") == TRAINED


def test_a_photo_of_any_name_gives_good_xml() -> None:
    mark = FilmMark("1.0", '<할머니> & "me"\'\n\0]]>', "warp")

    words = "".join(description(mark).itertext())
    assert words == mark.text
    assert "할머니" in words
    assert mark.text.isprintable()
