"""What a document was before: on a standalone server, who reads an older state finds it beside the newer one.

`n` is the batch that wrote it last, `was` its older versions, newest first: totals whole, sets by what was added since
(`less`) or whole. `empty` is the batch with which it came to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyroaring import BitMap

from metrics_core.errors import ContendedError
from metrics_core.model.measure import TOTALS
from metrics_core.rollup.totals import ZERO, Totals
from metrics_core.store.mongo.schema import Fields

_TOO_OLD = "The database was changed many times while it was read. Ask again."


def totals_at(found: Fields, batch: int | None) -> Totals:
    """The totals of a document as of a batch; None is now. Those of a place that was not there are all zero."""
    return _totals(_version(found, batch))


def users_at(found: Fields, batch: int | None) -> BitMap:
    """The set of a document as of a batch."""
    if batch is None or int(found.get("n", 0)) <= batch:
        return BitMap.deserialize(found["users"])
    users = BitMap.deserialize(found["users"])
    for before in found.get("was", ()):
        users = BitMap.deserialize(before["users"]) if "users" in before else users - BitMap.deserialize(before["less"])
        if int(before["n"]) <= batch:
            return users
    raise ContendedError(_TOO_OLD)


def adding(totals: Sequence[int], number: int, keep: int) -> list[Fields]:
    """The update that adds to a document of totals in this batch."""
    summed = {name: {"$add": [{"$ifNull": [f"${name}", 0]}, term]} for name, term in zip(TOTALS, totals, strict=True)}
    empty = {"$cond": [{"$eq": [summed["events"], 0]}, number, "$$REMOVE"]}
    return [{"$set": {**summed, "n": number, "was": _was(number, keep), "empty": empty}}]


def emptying(number: int, keep: int) -> list[Fields]:
    """The update that takes everything out of documents of totals in this batch."""
    return [{"$set": {**dict.fromkeys(TOTALS, 0), "n": number, "was": _was(number, keep), "empty": number}}]


def replaced_set(found: Fields | None, place: Fields, users: BitMap, number: int, keep: int) -> Fields:
    """The document of a set that has these users from this batch on."""
    if found is None:
        return {"_id": place, "users": users.serialize(), "n": number, "was": [{"n": 0, "users": BitMap().serialize()}]}
    was = list(found.get("was", ()))
    at = int(found.get("n", 0))
    before = BitMap.deserialize(found["users"])
    if at != number:
        newer = [one for one in was if int(one["n"]) > keep]
        floor = [one for one in was if int(one["n"]) <= keep][:1] if at > keep else []
        was = [_step(at, before, users), *newer, *floor]
    elif was:
        was[0] = _step(int(was[0]["n"]), users_at(found, int(was[0]["n"])), users)
    document = {"_id": place, "users": users.serialize(), "n": number, "was": was}
    return document if users else {**document, "empty": number}


def totals_before(found: Fields, batch: int) -> Fields | None:
    """The document of totals as it was at a batch; None where there was none."""
    before = _version(found, batch)
    values = _totals(before)
    if values == ZERO:
        return None
    was = [one for one in found.get("was", ()) if int(one["n"]) < int(before.get("n", 0))]
    return {"_id": found["_id"], **dict(zip(TOTALS, values, strict=True)), "n": int(before.get("n", 0)), "was": was}


def set_before(found: Fields, batch: int) -> Fields | None:
    """The document of a set as it was at a batch; None where there was none."""
    users = users_at(found, batch)
    if not users:
        return None
    was = list(found.get("was", ()))
    while was and int(was[0]["n"]) > batch:
        was.pop(0)
    at = int(was[0]["n"]) if was else 0
    return {"_id": found["_id"], "users": users.serialize(), "n": at, "was": was[1:]}


def _step(at: int, before: BitMap, users: BitMap) -> Fields:
    """How to come back to what a set was: by what was added since, or where something went, by all of it."""
    if before.issubset(users):
        return {"n": at, "less": (users - before).serialize()}
    return {"n": at, "users": before.serialize()}


def _was(number: int, keep: int) -> Fields:
    """The older versions of a document of totals that is about to change."""
    now: dict[str, Any] = {name: {"$ifNull": [f"${name}", 0]} for name in TOTALS}
    now["n"] = {"$ifNull": ["$n", 0]}
    kept = {"$ifNull": ["$was", []]}

    def those(sign: str) -> Fields:
        return {"$filter": {"input": kept, "as": "one", "cond": {sign: ["$$one.n", keep]}}}

    older = {"$concatArrays": [[now], those("$gt"), {"$slice": [those("$lte"), 1]}]}
    return {"$cond": [{"$eq": ["$n", number]}, kept, older]}


def _version(found: Fields, batch: int | None) -> Fields:
    if batch is None or int(found.get("n", 0)) <= batch:
        return found
    for before in found.get("was", ()):
        if int(before["n"]) <= batch:
            older: Fields = before
            return older
    raise ContendedError(_TOO_OLD)


def _totals(found: Fields) -> Totals:
    return tuple([int(found[name]) for name in TOTALS])
