"""Bulk ingest over HTTP into a MongoDB replica set, a transaction a batch; against a bare `insert_many` of the same."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic, sleep

from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from benchmarks.databases import mongodb
from benchmarks.http_ingest import Bare, against
from benchmarks.measure import Outcome
from metrics_core.store.connect import connect
from metrics_core.store.mongo.facts import documents_of
from metrics_core.store.mongo.schema import FACTS, LOG, META, Fields

DURABLY = WriteConcern("majority", j=True)


def run(size: float) -> Outcome:
    with mongodb() as fresh, fresh() as served, fresh() as bare:
        store = connect(bare)
        store.prepare()
        store.close()
        with MongoClient[Fields](bare) as client:
            facts = client.get_default_database().get_collection(FACTS, write_concern=DURABLY)
            theirs = client.get_database(parse_uri(served)["database"])
            side = Bare("pymongo insert_many", documents_of, lambda rows: _insert(facts, rows), lambda: _wait(theirs))
            told = against(side, served, size)
            return replace(told, notes=(*told.notes, _NOTE))


_NOTE = "What other programs read in `sales` follows, slowly while much comes in; rounds of the driver wait for it."


def _wait(database: Database[Fields]) -> None:
    """Until other programs can read in `sales` all that came in."""
    until = monotonic() + 300
    seq = {"_id": 0, "seq": 1}
    while database[META].find_one({"_id": "mirrored"}, seq) != database[META].find_one(LOG, seq):
        assert monotonic() < until, "The collection `sales` did not follow"
        sleep(0.05)


def _insert(facts: Collection[Fields], rows: list[Fields]) -> None:
    facts.insert_many(rows)
