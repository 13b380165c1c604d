"""Which font draws which letter: ours, and for what it lacks, such as Chinese, one of this machine where there is one."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

FONTS = Path(__file__).parents[2] / "static" / "fonts"
FALLBACKS = (
    "truetype/droid/DroidSansFallbackFull.ttf", "truetype/droid/DroidSansFallback.ttf", "truetype/wqy/wqy-microhei.ttc",
    "truetype/arphic/uming.ttc", "truetype/unifont/unifont.ttf",
)  # fmt: skip
"""As Debian's packages fonts-droid-fallback, fonts-wqy-microhei and others have them."""
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FILES = {False: "ibm-plex-sans-400.ttf", True: "ibm-plex-sans-600.ttf"}
_NAMES = {False: "PlexSans", True: "PlexSans-SemiBold"}
_OTHER = "Fallback"


@cache
def fallback() -> Path | None:
    """The font for the letters that ours lacks; None where this machine has none that a PDF can hold."""
    for folder in FOLDERS:
        for name in FALLBACKS:
            if (folder / name).is_file():
                try:
                    pdfmetrics.registerFont(TTFont(_OTHER, str(folder / name)))
                except TTFError:
                    continue
                return folder / name
    return None


@cache
def own(bold: bool) -> str:
    """The name under which a PDF knows our font."""
    pdfmetrics.registerFont(TTFont(_NAMES[bold], str(FONTS / _FILES[bold])))
    return _NAMES[bold]


def name_of(file: Path) -> str:
    """The name under which a PDF knows the font of this file."""
    return next((_NAMES[bold] for bold, name in _FILES.items() if FONTS / name == file), _OTHER)


def pieces(text: str, bold: bool) -> list[tuple[Path, str]]:
    """The text in pieces of one font each, in order."""
    ours = FONTS / _FILES[bold]
    other = None if text.isascii() else fallback()
    if other is None:
        return [(ours, text)]
    known = pdfmetrics.getFont(own(bold)).face.charToGlyph
    theirs = pdfmetrics.getFont(_OTHER).face.charToGlyph
    lacks = groupby(text, lambda letter: ord(letter) not in known and ord(letter) in theirs)
    return [(other if lacking else ours, "".join(letters)) for lacking, letters in lacks]


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    own(bold)
    return sum(float(pdfmetrics.stringWidth(piece, name_of(file), size)) for file, piece in pieces(text, bold))
