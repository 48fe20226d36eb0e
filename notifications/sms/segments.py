"""What a text message costs: how many segments it takes (3GPP TS 23.038, TS 23.040 9.2.3.24.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# The default alphabet, 3GPP TS 23.038 6.2.1, in its order; ESC at 0x1B is no sign.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# The extension table, 6.2.1.1: each is sent as ESC and a second septet.
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM7, UCS2 = "GSM-7", "UCS-2"
# Septets, or UTF-16 code units, of one message and of each of several: the header that joins them takes 6 octets.
ALONE = {GSM7: 160, UCS2: 70}
JOINED = {GSM7: 153, UCS2: 67}
# Signs that providers take at most.
LONGEST = 1600
# Signs of typography that have a plain twin, so that one of them does not double what a message costs.
# Quotation marks, dashes, the ellipsis, the middle dot and the blank that holds words together.
PLAIN = str.maketrans(
    {0x2018: "'", 0x2019: "'", 0x201A: "'", 0x201C: '"', 0x201D: '"', 0x201E: '"'}
    | {0x2013: "-", 0x2014: "-", 0x2026: "...", 0x00B7: "-", 0x00A0: " "}
)


@dataclass(frozen=True, slots=True)
class Segments:
    """The alphabet that a text needs, its length in that (septets or UTF-16 units), and the segments it is charged as.

    `signs` is how many a reader sees, which providers limit.
    """

    encoding: str
    units: int
    segments: int
    signs: int

    def __str__(self) -> str:
        return f"{self.segments} {'segment' if self.segments == 1 else 'segments'}"

    @property
    def is_too_long(self) -> bool:
        """Are these more signs than providers take?"""
        return self.signs > LONGEST


def count(text: str) -> Segments:
    """What a text takes; nothing takes no segment."""
    encoding = GSM7 if all(sign in BASIC or sign in EXTENSION for sign in text) else UCS2
    widths = [_width(sign, encoding) for sign in text]
    units = sum(widths)
    joined = 0 if not units else 1 if units <= ALONE[encoding] else sum(1 for _ in _cuts(widths, JOINED[encoding]))
    return Segments(encoding, units, joined, len(text))


def plain(text: str) -> str:
    """The same with the plain twins of typographic signs, unless that would cost more."""
    twin = text.translate(PLAIN)
    return twin if count(twin).segments <= count(text).segments else text


def _width(sign: str, encoding: str) -> int:
    if encoding == GSM7:
        return 2 if sign in EXTENSION else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _cuts(widths: list[int], room: int) -> Iterator[int]:
    """The units in each segment: neither ESC and its sign nor a surrogate pair is torn apart."""
    filled = 0
    for width in widths:
        if filled + width > room:
            yield filled
            filled = 0
        filled += width
    yield filled
