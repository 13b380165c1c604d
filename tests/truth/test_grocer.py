"""A grocer's real lines, taken in by the command and asked for over HTTP: to the cent and to the order what pandas says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.carriers.shop import Shop
from tests.truth import grocer

SEASONS = {
    "spring": {"start": "2017-03-08", "end": "2017-04-02"},  # New York goes forward on 12 March, Berlin on the 26th
    "autumn": {"start": "2017-10-25T06:30:00", "end": "2017-11-09"},  # Berlin goes back on 29 October, New York on the 5th
}
ZONES = ("America/New_York", "Europe/Berlin")
QUESTIONS = [name for name, _ in grocer.questions(None, "UTC")]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Every fifth household in the weeks around the four days on which clocks change."""
    whole = grocer.transactions()
    when = whole["transaction_timestamp"]
    weeks = when.between("2017-03-06", "2017-04-03") | when.between("2017-10-23", "2017-11-12")
    return whole[weeks & (whole["household_id"] % 5 == 0)].reset_index(drop=True)


@pytest.fixture(scope="module")
def lines(frame: pd.DataFrame) -> pd.DataFrame:
    return grocer.lines(frame)


@pytest.fixture(scope="module")
def shop(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A store with the slice in it, taken in from Parquet, and a server."""
    made = Shop(tmp_path_factory.mktemp("grocer"))
    _write(frame, made.folder / "lines.parquet")
    done = made.command("import", "lines.parquet", *grocer.WORDS)
    assert (done.code, done.out) == (0, _said(frame, added=True)), done
    with made.open():
        yield made


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, compression={"method": "gzip", "compresslevel": 1})


def _said(frame: pd.DataFrame, *, added: bool) -> str:
    rows, orders = len(frame), frame["basket_id"].nunique()
    new, before = (orders, 0) if added else (0, orders)
    return f"{rows:,} rows read: {new:,} records added, {before:,} here before, 0 refused.\n"


def test_the_slice_holds_what_makes_it_hard(frame: pd.DataFrame) -> None:
    wall = frame["transaction_timestamp"]
    assert 30_000 < len(frame) < 80_000
    assert (frame["quantity"] == 0).any(), "lines of nothing"
    assert ((frame["quantity"] > 0) & (frame["sales_value"] == 0)).any(), "units for free"
    assert (frame.groupby("basket_id")["sales_value"].sum() == 0).any(), "an order that costs nothing"
    assert wall.between("2017-03-12 02:00", "2017-03-12 02:59:59").any(), "an hour that New York's clocks skip"
    assert wall.between("2017-11-05 01:00", "2017-11-05 01:59:59").any(), "an hour that they repeat"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_asked_is_answered_as_pandas_answers_it(
    shop: Shop, lines: pd.DataFrame, name: str, season: str, zone: str
) -> None:
    question = dict(grocer.questions(SEASONS[season], zone))[name]
    answer = shop.ask(question)
    assert answer["rows"] == grocer.rows(lines, question, answer["window"])
    assert answer["rows"]


def test_lines_that_cost_nothing_are_kept_like_all_others(shop: Shop, frame: pd.DataFrame) -> None:
    [[revenue, orders, quantity, buyers]] = shop.ask({"measures": grocer.FIGURES, "over": "all_time"})["rows"]
    assert round(revenue * 100) == round(frame["sales_value"] * 100).sum()
    assert (orders, quantity) == (frame["basket_id"].nunique(), frame["quantity"].sum())
    assert buyers == frame["household_id"].nunique()


def test_the_same_orders_from_another_sort_of_file_add_nothing(shop: Shop, frame: pd.DataFrame) -> None:
    _write(frame, shop.folder / "lines.csv.gz")
    again = shop.command("import", "lines.csv.gz", *grocer.WORDS)
    assert (again.code, again.out) == (0, _said(frame, added=False)), again
    assert shop.command("verify").code == 0


def test_shifted_to_now_all_lines_move_by_one_amount_and_stay_exact(frame: pd.DataFrame, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    autumn = frame[frame["transaction_timestamp"] > "2017-10-01"].reset_index(drop=True)
    _write(autumn, tmp_path / "lines.csv.gz")
    began = datetime.now(UTC)
    for added in (True, False):
        done = shop.command("import", "lines.csv.gz", *grocer.WORDS, "--shift-to", "now")
        assert (done.code, done.out.partition("All times")[0]) == (0, _said(autumn, added=added)), done

    exported = [json.loads(line) for line in shop.command("export", "-").out.splitlines()]
    lines = grocer.lines(autumn)
    before = lines.groupby("order")["at"].min()
    after = pd.Series({int(one["orderId"]): pd.Timestamp(one["ts"]) for one in exported}).reindex(before.index)
    [shift] = (after - before).unique()
    assert began <= after.max() <= datetime.now(UTC)

    moved = lines.assign(at=lines["at"] + shift)
    with shop.open():
        for zone, over in zip(ZONES, ("30d", "7d"), strict=True):
            for name, question in grocer.questions(over, zone):
                answer = shop.ask(question)
                assert answer["rows"] == grocer.rows(moved, question, answer["window"]), (zone, over, name)
        figures = shop.call("GET", "/api/v1/snapshot")[1]["periods"]["all_time"]["figures"]
    assert round(figures["revenue"]["value"] * 100) == lines["cents"].sum()
    assert figures["orders"]["value"] == len(exported) == lines["order"].nunique()
