"""Letters that our font lacks: drawn with a font of the machine, where there is one, and never in the way of the rest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from metrics_core.dashboards.document import body_of
from metrics_core.engine import Engine
from metrics_core.exports import letters
from metrics_core.exports.formats import Wish
from metrics_core.exports.surface import PdfSurface, PictureSurface, fitted
from metrics_core.model.access import LOCAL
from tests.exports.conftest import STATE
from tests.exports.reading import saved

FAR = "Café 東京 かな 42"
KOREAN = "서울 42"
with_a_font = pytest.mark.skipif(bool(letters.lacking(FAR)), reason="Needs a font such as Debian's fonts-wqy-microhei.")
with_korean = pytest.mark.skipif(bool(letters.lacking(KOREAN)), reason="Needs a font such as Debian's fonts-wqy-microhei.")


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


@with_korean
def test_korean_is_drawn_too() -> None:
    assert "서울" in page(KOREAN)
    assert picture("서") != picture("울")


@with_a_font
def test_only_what_our_font_lacks_is_drawn_with_the_other() -> None:
    found = letters.pieces(FAR, bold=True)
    assert [said for file, said in found if file in letters.fallbacks()] == ["東京", "かな"]
    assert "".join(said for _, said in found) == FAR


@with_a_font
def test_different_letters_are_different_pictures() -> None:
    assert picture("東") != picture("京")


@with_a_font
def test_what_does_not_fit_is_cut_by_its_real_width() -> None:
    long = "東京" * 20
    assert letters.width_of(fitted(long, 12, 100), 12) <= 100 < letters.width_of(long, 12)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without any font but ours."""
    monkeypatch.setattr(letters, "FOLDERS", (tmp_path,))
    letters.fallbacks.cache_clear()
    yield
    letters.fallbacks.cache_clear()


@pytest.mark.usefixtures("bare")
def test_without_such_a_font_everything_is_still_drawn() -> None:
    assert letters.fallbacks() == ()
    assert "Café" in page(FAR)
    assert picture(FAR)


@pytest.mark.usefixtures("bare")
def test_letters_that_are_boxes_are_named_by_their_script() -> None:
    assert letters.lacking("Café, Москва − 42") == ()
    assert letters.lacking("東京 かな 서울 ไทย 😀") == ("Chinese", "Japanese", "Korean", "Thai", "symbols")


@pytest.mark.usefixtures("bare")
def test_a_file_with_boxes_says_so(shop: Engine) -> None:
    name = saved(shop)
    kept = shop.shelf.read(name, LOCAL)
    shop.shelf.save(name, {**body_of(kept.dashboard), "title": "서울 매출"}, LOCAL, expecting=kept.version)
    drawn = shop.export(name, STATE, Wish("pdf", None), LOCAL)
    assert "no font for some letters (Korean)" in drawn.note
    assert drawn.note in PdfReader(io.BytesIO(drawn.content)).pages[0].extract_text()
    assert shop.export(name, STATE, Wish("xlsx", None), LOCAL).note == ""
