"""What every exported film says of itself: that it is synthetic, made from one photo, and by what.

The words stand where viewers look for a comment; the kind stands in XMP, where platforms look for
it, in the containers that have a place for that.
"""

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

PRODUCT: Final = "Living Portrait"

# Source: IPTC NewsCodes, scheme "digitalsourcetype". A network draws the face into its photo; the
# built-in engine bends the photo and paints lids and teeth.
_KINDS: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED: Final = f"{_KINDS}compositeWithTrainedAlgorithmicMedia"
SYNTHETIC: Final = f"{_KINDS}compositeSynthetic"

# Source: Adobe, XMP Specification Part 3, for the box of ISO media files ("MPEG-4").
XMP_BOX: Final = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")


@dataclass(frozen=True)
class FilmMark:
    """Made by which ``version`` from which ``photo`` (its name), with which ``engine``."""

    version: str
    photo: str
    engine: str

    @property
    def tool(self) -> str:
        """Product and version."""
        return f"{PRODUCT} {self.version}"

    @property
    def kind(self) -> str:
        """The IPTC's address for this kind of media."""
        return TRAINED if self.engine == "liveportrait" else SYNTHETIC

    @property
    def text(self) -> str:
        """The words."""
        return (
            f"Synthetic media: a still photo ('{self._photo}') animated by {self.tool}, engine "
            f"{self.engine}. Nobody was filmed."
        )

    def xmp(self) -> bytes:
        """The same as an XMP packet, UTF-8."""
        # Source: IPTC Photo Metadata Standard 2023.2 (DigitalSourceType); Adobe, XMP Part 1.
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about=""'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            f" xmp:CreatorTool={quoteattr(self.tool)}"
            f" Iptc4xmpExt:DigitalSourceType={quoteattr(self.kind)}>"
            '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
            f"{escape(self.text)}</rdf:li></rdf:Alt></dc:description>"
            "</rdf:Description></rdf:RDF></x:xmpmeta>"
            '<?xpacket end="w"?>'
        ).encode()

    def box(self) -> bytes:
        """The packet as a box that ends an MP4 file."""
        packet = self.xmp()
        return (24 + len(packet)).to_bytes(4, "big") + b"uuid" + XMP_BOX + packet

    @property
    def _photo(self) -> str:
        return "".join(sign if sign.isprintable() else "?" for sign in self.photo)[:100]
