"""The catalog: small documents by shelf and name, whose versions tell when somebody else was quicker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Document, Store

BODY: dict[str, object] = {"title": "Umsätze 漢🙂", "tiles": [{"measures": ["revenue"], "n": 1.5}, None, True], "": {}}


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    assert store.catalog.get("boards", "mine") is None
    assert store.catalog.put("boards", "mine", BODY) == Document("boards", "mine", 1, BODY)
    assert store.catalog.get("boards", "mine") == Document("boards", "mine", 1, BODY)


def test_its_version_goes_up_by_one_with_every_change(store: Store) -> None:
    versions = [store.catalog.put("boards", "mine", {"n": number}).version for number in range(4)]
    assert versions == [1, 2, 3, 4]
    assert store.catalog.get("boards", "mine") == Document("boards", "mine", 4, {"n": 3})


def test_a_change_that_expects_the_version_kept_is_made(store: Store) -> None:
    assert store.catalog.put("boards", "mine", {"n": 1}, expecting=0).version == 1
    assert store.catalog.put("boards", "mine", {"n": 2}, expecting=1).version == 2


@pytest.mark.parametrize("expecting", (0, 1, 3))
def test_a_change_that_expects_another_version_is_a_conflict_and_changes_nothing(store: Store, expecting: int) -> None:
    store.catalog.put("boards", "mine", {"n": 1})
    store.catalog.put("boards", "mine", {"n": 2})
    with pytest.raises(ConflictError, match=r"'mine'.*version 2"):
        store.catalog.put("boards", "mine", {"n": 3}, expecting=expecting)
    assert store.catalog.get("boards", "mine") == Document("boards", "mine", 2, {"n": 2})


def test_a_change_of_what_is_not_there_is_a_conflict(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.catalog.put("boards", "mine", {}, expecting=1)
    assert store.catalog.get("boards", "mine") is None


def test_a_shelf_is_listed_by_name(store: Store) -> None:
    for name in ("b", "a", "ä", "C", "10", "9", "z"):
        store.catalog.put("boards", name, {"name": name})
    store.catalog.put("rules", "a", {"other": "shelf"})
    names = [document.name for document in store.catalog.find("boards")]
    assert names == ["10", "9", "C", "a", "b", "z", "ä"]
    assert [document.body["name"] for document in store.catalog.find("boards")] == names
    assert store.catalog.find("nothing") == []


def test_shelves_are_those_that_have_documents(store: Store) -> None:
    assert store.catalog.shelves() == []
    for shelf, name in (("rules", "a"), ("boards", "a"), ("boards/x", "1"), ("boards", "b"), ("Boards", "a")):
        store.catalog.put(shelf, name, {})
    store.catalog.drop("rules", "a")
    assert store.catalog.shelves() == ["Boards", "boards", "boards/x"]


def test_names_are_told_apart_to_the_letter(store: Store) -> None:
    names = ("mine", "Mine", "mine ", "m%", "m_", "m'; --", "müne", "mu\u0308ne", "/", "", "x" * 200)
    for number, name in enumerate(names):
        store.catalog.put("boards", name, {"n": number})
    assert {document.name: document.body["n"] for document in store.catalog.find("boards")} == {
        name: number for number, name in enumerate(names)
    }
    assert store.catalog.get("Boards", "mine") is None


def test_what_is_dropped_is_gone_and_begins_anew(store: Store) -> None:
    store.catalog.put("boards", "mine", {"n": 1})
    store.catalog.put("boards", "mine", {"n": 2})
    store.catalog.put("boards", "other", {})
    assert store.catalog.drop("boards", "mine") is True
    assert store.catalog.drop("boards", "mine") is False
    assert (store.catalog.get("boards", "mine"), len(store.catalog.find("boards"))) == (None, 1)
    assert store.catalog.put("boards", "mine", {"n": 3}, expecting=0).version == 1


def test_what_is_kept_does_not_follow_what_becomes_of_the_value(store: Store) -> None:
    body: dict[str, object] = {"tiles": [1]}
    put = store.catalog.put("boards", "mine", body)
    tiles = body["tiles"]
    assert isinstance(tiles, list)
    tiles.append(2)
    body["more"] = True
    put.body.clear()
    for got in (store.catalog.get("boards", "mine"), *store.catalog.find("boards")):
        assert got is not None
        assert got.body == {"tiles": [1]}
        got.body.clear()
    assert store.catalog.find("boards")[0].body == {"tiles": [1]}


def test_of_many_who_expect_the_same_version_one_is_quicker(store: Store) -> None:
    store.catalog.put("boards", "mine", {"by": None})

    def change(who: int) -> bool:
        try:
            store.catalog.put("boards", "mine", {"by": who}, expecting=1)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(change, range(6)))
    assert done.count(True) == 1
    assert store.catalog.get("boards", "mine") == Document("boards", "mine", 2, {"by": done.index(True)})


def test_a_number_raised_by_many_at_once_is_given_to_each_once(store: Store) -> None:
    def take(_: int) -> int:
        while True:
            kept = store.catalog.get("numbers", "run")
            number = int(str(kept.body["number"])) + 1 if kept else 1
            try:
                store.catalog.put("numbers", "run", {"number": number}, expecting=kept.version if kept else 0)
            except ConflictError:
                continue
            return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(20))) == list(range(1, 21))
