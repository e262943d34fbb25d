"""What a name looks like: two people may not have names that a reader takes for one another.

After the skeletons of Unicode's UTS 39: a name becomes the letters that it looks like, and names that become the same
look alike. Case is no difference between names, but it changes the shape of letters: `PauI` looks like `Paul`, `PAUI`
does not.
"""

from __future__ import annotations

import unicodedata

_LATIN_LIKE = str.maketrans("авеіјкмнорстухѕԁԛԝһαεικνορτυχɑɡıɩ", "abeijkmhopctyxsdqwhaeikvoptuxagii")
"""Small letters, Cyrillic, Greek and rare Latin ones, that look like usual ones, they or their capitals."""
_STROKES, _RINGS = "1|\u01c0\u04c0\u04cf", "0"
_IN_CAPITALS = str.maketrans(_STROKES + _RINGS, "I" * len(_STROKES) + "O")
_IN_TEXT = str.maketrans("I\u0406\u0399" + _STROKES + _RINGS, "l" * (3 + len(_STROKES)) + "o")
"""Characters that look like letters, among capitals and among small letters: there also the capital I."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("VV", "W"))
"""Letters that look like one when they stand side by side."""
_UNSEEN_RANGES = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_UNSEEN = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}.union(
    *(range(first, last + 1) for first, last in _UNSEEN_RANGES)
)
"""Characters that show nothing although Unicode calls them printable."""
_INVISIBLE = "Cf"  # Unicode's category of joiners, marks of direction and the like


def printable(name: str) -> str:
    """The name without characters that show nothing, and with single spaces between its words."""
    seen = [letter for letter in name if ord(letter) not in _UNSEEN and unicodedata.category(letter) != _INVISIBLE]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in seen).split())


def folded(name: str) -> str:
    """The name without differences of case, of width, and between alphabets that look alike."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_LATIN_LIKE)


def looks(name: str) -> frozenset[str]:
    """The name, and what a reader may take it for, both folded. Names that share one of them look alike."""
    plain = unicodedata.normalize("NFKC", name)
    shape = plain.translate(_IN_CAPITALS if plain.isupper() else _IN_TEXT)
    for pair, single in _PAIRS:
        shape = shape.replace(pair, single)
    return frozenset({folded(plain), folded(shape)})
