"""Bulk ingest over HTTP into a MongoDB replica set, a transaction a batch; against a bare `insert_many` of the same."""

from __future__ import annotations

from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection

from benchmarks.databases import mongodb
from benchmarks.http_ingest import Bare, against
from benchmarks.measure import Outcome
from metrics_core.store.connect import connect
from metrics_core.store.mongo.facts import documents_of
from metrics_core.store.mongo.schema import FACTS, Fields

DURABLY = WriteConcern("majority", j=True)


def run(size: float) -> Outcome:
    with mongodb() as fresh, fresh() as served, fresh() as bare:
        store = connect(bare)
        store.prepare()
        store.close()
        with MongoClient[Fields](bare) as client:
            facts = client.get_default_database().get_collection(FACTS, write_concern=DURABLY)
            return against(Bare("pymongo insert_many", documents_of, lambda rows: _insert(facts, rows)), served, size)


def _insert(facts: Collection[Fields], rows: list[Fields]) -> None:
    facts.insert_many(rows)
