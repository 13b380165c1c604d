"""Laws of the way in: in whatever order, pieces and number of copies records come, the same is kept and each is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from metrics_core.engine import Engine
from metrics_core.model.event import Receipt
from metrics_core.model.instant import MINUTE
from tests import given
from tests.ingest.sending import NOON, PLUG, Record, held, holds, mixed, pieces, running, shop


@pytest.fixture(params=("memory", "sqlite"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'laws.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with running(url) as started:
        yield started


def test_any_order_any_copies_and_any_pieces_keep_the_same(url: str, tmp_path: Path) -> None:
    """Hypothesis chooses; each example has a store of its own."""
    numbers = iter(range(10**6))

    @settings(max_examples=12)
    @examples(st.integers(0, 2**32), st.integers(1, 25), st.sampled_from((0.0, 0.3, 0.6)))
    def law(seed: int, orders: int, again: float) -> None:
        chance = Random(seed)
        chains = shop(chance, orders)
        sent = mixed(chance, chains, again)
        with running(url.replace("laws", f"laws{next(numbers)}")) as engine:
            receipts = [engine.accept(some) for some in pieces(chance, sent)]
            assert [receipt.refused for receipt in receipts] == [()] * len(receipts)
            distinct = sum(map(len, chains))
            assert sum(receipt.accepted for receipt in receipts) == distinct
            assert sum(receipt.duplicates for receipt in receipts) == len(sent) - distinct
            holds(engine, chains)

    law()


@pytest.mark.parametrize("seed", range(3))
def test_several_who_send_at_once_some_of_it_the_same_keep_the_same(engine: Engine, seed: int) -> None:
    chance = Random(seed)
    chains = shop(chance, 60)
    senders = [[chain for chain in chains if chance.random() < 0.6] for _ in range(4)]
    senders.append([chain for chain in chains if all(chain not in some for some in senders)])
    streams = [list(pieces(chance, mixed(chance, some))) for some in senders]
    ready = threading.Barrier(len(streams))

    def send(stream: list[Sequence[Record]]) -> list[Receipt]:
        ready.wait()
        return [engine.accept(some) for some in stream]

    with ThreadPoolExecutor(len(streams)) as pool:
        receipts = [receipt for some in pool.map(send, streams) for receipt in some]
    distinct, sent = sum(map(len, chains)), sum(len(some) for stream in streams for some in stream)
    assert {receipt.refused for receipt in receipts} == {()}
    assert sum(receipt.accepted for receipt in receipts) == distinct
    assert sum(receipt.duplicates for receipt in receipts) == sent - distinct
    holds(engine, chains)


def test_many_requests_that_wait_together_are_each_answered_for_themselves(engine: Engine) -> None:
    """They share commits, and each gets the receipt of its own records."""
    chains = shop(Random(9), 80)
    with held(engine):
        answers = [engine.submit(chain) for chain in chains]
        again = [engine.submit(chain) for chain in chains]
    assert [answer.result(10) for answer in answers] == [Receipt(len(chain)) for chain in chains]
    assert [answer.result(10) for answer in again] == [Receipt(0, len(chain)) for chain in chains]
    holds(engine, [[PLUG], *chains])


def test_every_record_of_a_mixed_lot_is_accepted_a_duplicate_or_refused(engine: Engine) -> None:
    chance = Random(4)
    chains = shop(chance, 30)
    engine.accept([record for chain in chains[:20] for record in chain])
    odd: list[Any] = [
        "no record", {"orderId": "x"}, given.status_record("unknown"), given.refund_record("unknown", 1),
        {**chains[0][0], "userId": "somebody else"}, given.order_record("o1", amount=1), {"type": "order_placed"},
    ]  # fmt: skip
    sent = [record for chain in chains for record in chain] + odd * 2
    chance.shuffle(odd)
    receipt = engine.accept([*odd, *sent])
    assert receipt.accepted == sum(len(chain) for chain in chains[20:])
    assert receipt.duplicates == sum(len(chain) for chain in chains[:20])
    assert receipt.accepted + receipt.duplicates + len(receipt.refused) == len(odd) + len(sent)
    assert len({refusal.index for refusal in receipt.refused}) == len(receipt.refused) == 3 * len(odd)
    assert [refusal.index for refusal in receipt.refused] == sorted(refusal.index for refusal in receipt.refused)
    holds(engine, chains)


# --------------------------------------------------------------------------------------------------------- conflicts


def test_an_id_with_other_content_is_refused_and_the_first_stays(engine: Engine) -> None:
    first = given.order_record("o1", amount="10.00", id="a")
    engine.accept([first])
    receipt = engine.accept([{**first, "orderId": "o2"}, {**first, "userId": "bob"}, given.event_record(id="a")])
    assert (receipt.accepted, receipt.duplicates) == (0, 0)
    assert [(row.index, row.id, row.step, row.retryable) for row in receipt.refused] == [
        (number, "a", "is_not_in_conflict", False) for number in range(3)
    ]
    holds(engine, [[first]])


def test_of_two_contents_with_one_id_in_a_lot_the_first_is_kept(engine: Engine) -> None:
    one, other = given.event_record(id="a"), given.event_record(id="a", count=5)
    receipt = engine.accept([one, other, one])
    assert (receipt.accepted, receipt.duplicates, [row.index for row in receipt.refused]) == (1, 1, [1])
    holds(engine, [[one]])


def test_an_order_with_other_content_is_refused_and_the_first_stays(engine: Engine) -> None:
    first = given.order_record("o1", amount="10.00")
    receipt = engine.accept([first, given.order_record("o1", amount="99.00"), first])
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    receipt = engine.accept([given.order_record("o1", amount="98.00"), given.order_record("o2", amount="1.00")])
    assert (receipt.accepted, [(row.index, row.step, row.field) for row in receipt.refused]) == (
        1, [(0, "is_a_new_order", "orderId")],
    )  # fmt: skip
    assert engine.ask({"measures": ["revenue", "orders"], "over": "7d"}).rows == ((1_100, 2),)


def test_a_settled_order_stays_as_it_is(engine: Engine) -> None:
    chain = [given.order_record("o1", status="pending"), given.status_record("o1", "completed", ts=NOON + MINUTE)]
    receipt = engine.accept([*chain, given.status_record("o1", "failed", ts=NOON + 2 * MINUTE)])
    assert (receipt.accepted, [row.step for row in receipt.refused]) == (2, ["is_of_a_pending_order"])
    holds(engine, [chain])


def test_no_more_is_given_back_than_was_paid_even_by_refunds_of_one_lot(engine: Engine) -> None:
    refunds = [given.refund_record("o1", "4.00", ts=NOON + MINUTE) for _ in range(3)]
    receipt = engine.accept([given.order_record("o1", amount="10.00"), *refunds])
    assert (receipt.accepted, [(row.index, row.step) for row in receipt.refused]) == (3, [(3, "is_within_its_order")])
    assert engine.ask({"measures": ["revenue", "refunds"], "over": "7d"}).rows == ((200, 800),)


# ------------------------------------------------------------------------------------------------------ unknown orders


def test_what_follows_an_unknown_order_is_refused_for_now_and_taken_once_the_order_is_there(engine: Engine) -> None:
    order = given.order_record("o1", status="pending", amount="10.00")
    late = [given.status_record("o1", ts=NOON + MINUTE), given.refund_record("o1", "1.00", ts=NOON + 2 * MINUTE)]
    receipt = engine.accept(late)
    assert [(row.index, row.step, row.field, row.retryable) for row in receipt.refused] == [
        (0, "has_a_known_order", "orderId", True), (1, "has_a_known_order", "orderId", True),
    ]  # fmt: skip
    engine.accept([order])
    assert engine.accept(late) == Receipt(2)
    holds(engine, [[order, *late]])


def test_a_copy_of_what_was_refused_is_refused_as_well(engine: Engine) -> None:
    """A duplicate is of something that was kept. Told so of something that was not, a sender would not send it again."""
    late, other = given.status_record("unknown", id="late"), given.order_record("o1", amount="99.00", id="other")
    engine.accept([given.order_record("o1")])
    receipt = engine.accept([late, other, late, other])
    assert (receipt.accepted, receipt.duplicates) == (0, 0)
    assert [row.step for row in receipt.refused] == ["has_a_known_order", "is_a_new_order"] * 2
    with held(engine):
        lots = [engine.submit([late]) for _ in range(3)]
    assert [[row.retryable for row in lot.result(10).refused] for lot in lots] == [[True]] * 3


def test_a_refund_of_a_pending_order_is_refused_for_now(engine: Engine) -> None:
    refund = given.refund_record("o1", "1.00", ts=NOON + 2 * MINUTE)
    (refusal,) = engine.accept([given.order_record("o1", status="pending"), refund]).refused
    assert (refusal.step, refusal.retryable) == ("is_of_a_completed_order", True)
    engine.accept([given.status_record("o1", ts=NOON + MINUTE)])
    assert engine.accept([refund]) == Receipt(1)


def test_within_one_lot_what_follows_may_stand_before_its_order(engine: Engine) -> None:
    chain = [given.order_record("o1", status="pending"), given.status_record("o1", ts=NOON + MINUTE)]
    assert engine.accept(chain[::-1]) == Receipt(2)
    holds(engine, [chain])
