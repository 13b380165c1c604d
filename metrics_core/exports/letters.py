"""Which font draws which letter: ours, and for what it lacks, such as Chinese, one of this machine where there is one."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

FONTS = Path(__file__).parents[2] / "static" / "fonts"
FALLBACKS = (
    "truetype/wqy/wqy-microhei.ttc", "truetype/droid/DroidSansFallbackFull.ttf", "truetype/droid/DroidSansFallback.ttf",
    "truetype/nanum/NanumGothic.ttf", "truetype/arphic/uming.ttc", "truetype/unifont/unifont.ttf",
)  # fmt: skip
"""As Debian's packages fonts-wqy-microhei, fonts-droid-fallback, fonts-nanum and others have them."""
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FILES = {False: "ibm-plex-sans-400.ttf", True: "ibm-plex-sans-600.ttf"}
_NAMES = {False: "PlexSans", True: "PlexSans-SemiBold"}
_SCRIPTS = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}
"""What a script is called where its letters begin with another word."""


@cache
def fallbacks() -> tuple[Path, ...]:
    """The fonts for the letters that ours lacks, those that a PDF can hold of what this machine has."""
    found: list[Path] = []
    for name in FALLBACKS:
        file = next((folder / name for folder in FOLDERS if (folder / name).is_file()), None)
        if file is None:
            continue
        try:
            pdfmetrics.registerFont(TTFont(file.name, str(file)))
        except TTFError:
            continue
        found.append(file)
    return tuple(found)


@cache
def own(bold: bool) -> str:
    """The name under which a PDF knows our font."""
    pdfmetrics.registerFont(TTFont(_NAMES[bold], str(FONTS / _FILES[bold])))
    return _NAMES[bold]


def name_of(file: Path) -> str:
    """The name under which a PDF knows the font of this file."""
    return next((_NAMES[bold] for bold, name in _FILES.items() if FONTS / name == file), file.name)


def pieces(text: str, bold: bool) -> list[tuple[Path, str]]:
    """The text in pieces of one font each, in order. A letter that no font has is left to ours, which draws a box."""
    ours = FONTS / _FILES[bold]
    if text.isascii():
        return [(ours, text)]
    named = groupby(text, lambda letter: _font_of(ord(letter), bold) or ours)
    return [(file, "".join(letters)) for file, letters in named]


def lacking(text: str) -> tuple[str, ...]:
    """The scripts of the letters that no font here has: `Korean`, `Thai`, `symbols`."""
    if text.isascii():
        return ()
    bare = {letter for letter in set(text) if letter.isprintable() and _font_of(ord(letter), bold=False) is None}
    return tuple(sorted({_script(letter) for letter in bare}))


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    own(bold)
    return sum(float(pdfmetrics.stringWidth(piece, name_of(file), size)) for file, piece in pieces(text, bold))


def _font_of(letter: int, bold: bool) -> Path | None:
    if letter in pdfmetrics.getFont(own(bold)).face.charToGlyph:
        return FONTS / _FILES[bold]
    return next((file for file in fallbacks() if letter in pdfmetrics.getFont(file.name).face.charToGlyph), None)


def _script(letter: str) -> str:
    if not unicodedata.category(letter).startswith(("L", "M")):
        return "symbols"
    first = unicodedata.name(letter, "").partition(" ")[0]
    return _SCRIPTS.get(first, first.capitalize() or "other")
