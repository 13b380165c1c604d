"""Letters that our font lacks: drawn with a font of the machine, where there is one, and never in the way of the rest."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from metrics_core.exports import letters
from metrics_core.exports.surface import PdfSurface, PictureSurface, fitted

FAR = "Café 東京 かな 42"
with_a_font = pytest.mark.skipif(letters.fallback() is None, reason="Needs a font such as Debian's fonts-droid-fallback.")


def page(*texts: str) -> str:
    """What a PDF with these lines says when it is read."""
    into = io.BytesIO()
    canvas = Canvas(into, pagesize=(300, 200))
    for number, text in enumerate(texts):
        PdfSurface(canvas, 200).text(150, 30 + 30 * number, text, 12, anchor=("start", "middle", "end")[number % 3])
    canvas.save()
    return PdfReader(io.BytesIO(into.getvalue())).pages[0].extract_text()


def picture(text: str) -> bytes:
    surface = PictureSurface(200, 40, "light")
    surface.text(10, 25, text, 12)
    return surface.png()


def test_what_our_font_has_is_drawn_with_it() -> None:
    (file, said), *more = letters.pieces("Café, Ελλάδα, Москва − 42", bold=False)
    assert (file.name, said, more) == ("ibm-plex-sans-400.ttf", "Café, Ελλάδα, Москва − 42", [])


@with_a_font
def test_a_pdf_says_what_was_written_in_any_of_the_scripts() -> None:
    said = page(FAR, FAR, FAR)
    assert [said.count(word) for word in ("Café", "東京", "かな", "42")] == [3] * 4


@with_a_font
def test_only_what_our_font_lacks_is_drawn_with_the_other() -> None:
    found = letters.pieces(FAR, bold=True)
    assert [said for file, said in found if file == letters.fallback()] == ["東京", "かな"]
    assert "".join(said for _, said in found) == FAR


@with_a_font
def test_different_letters_are_different_pictures() -> None:
    assert picture("東") != picture("京")


@with_a_font
def test_what_does_not_fit_is_cut_by_its_real_width() -> None:
    long = "東京" * 20
    assert letters.width_of(fitted(long, 12, 100), 12) <= 100 < letters.width_of(long, 12)


def test_without_such_a_font_everything_is_still_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(letters, "FOLDERS", (tmp_path,))
    letters.fallback.cache_clear()
    try:
        assert letters.fallback() is None
        assert "Café" in page(FAR)
        assert picture(FAR)
    finally:
        letters.fallback.cache_clear()
