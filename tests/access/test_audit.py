"""The audit log: whatever changes something leaves an entry that says who, what, to what, and what it was before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics_core.access.audit import MOST, Audit
from metrics_core.clock import SetClock
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.errors import ForbiddenError, NotFoundError, PulseboardError, StoreAwayError
from metrics_core.ingest.sources.simulator import SimulatorSettings
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import DAY, SECOND
from metrics_core.store.memory.store import MemoryStore
from tests import given
from tests.dashboards.conftest import House, document
from tests.given import NOON

MARA = Principal("mara@example.com", "Mara Lind", Role.ADMIN)
ANN = Principal("ann@example.com", "Ann Field", Role.MANAGER)


def said(engine: Engine) -> list[tuple[str, str, str]]:
    """Who did what, the first first."""
    return [(entry.label, entry.did, entry.what) for entry in reversed(engine.audit.newest()[0])]


def _saved(engine: Engine) -> None:
    made = engine.shelf.create(document(), MARA)
    saved = engine.shelf.save(made.id, document(title="Ours"), MARA, expecting=1)
    engine.shelf.restore(made.id, 1, MARA, expecting=saved.version)
    engine.shelf.delete(made.id, MARA)


def _shared(engine: Engine) -> None:
    share, _ = engine.shares.create("overview", MARA, state=State(), label="Board", days=1, password="secret")
    engine.shares.revoke("overview", share.id, MARA)


def _presets(engine: Engine) -> None:
    preset = engine.presets.save("overview", "Mornings", State(), MARA)
    engine.presets.delete("overview", preset.id, MARA)


def _people(engine: Engine) -> None:
    engine.people.keep("kim@example.com", MARA, role=Role.VIEWER)
    engine.people.keep("kim@example.com", MARA, role=Role.VIEWER)  # nothing new
    engine.people.keep("kim@example.com", MARA, role=Role.ANALYST, filters={"region": ["Asia"]})
    engine.people.remove("kim@example.com", MARA)


def _keys(engine: Engine) -> None:
    key, _ = engine.keys.make("shop", MARA, sends=True)
    engine.keys.revoke(key.id, MARA)
    engine.keys.revoke(key.id, MARA)  # nothing new


def _simulator(engine: Engine) -> None:
    engine.simulate("start", SimulatorSettings(seconds=3600), who=MARA)
    engine.simulate("pause", who=MARA)
    engine.simulate("pause", who=MARA)  # nothing new
    engine.simulate("resume", who=MARA)
    engine.simulate("change", SimulatorSettings(seconds=1800), who=MARA)
    engine.simulate("stop", who=MARA)
    engine.forget(run_id="r-0001", who=MARA)


def _data(engine: Engine) -> None:
    engine.sample(who=MARA)
    engine.rebuild(who=MARA)
    engine.forget(origins=("demo",), who=MARA)


DEEDS: dict[str, tuple[Callable[[Engine], None], list[str]]] = {
    "dashboards": (_saved, ["dashboard.create", "dashboard.save", "dashboard.restore", "dashboard.delete"]),
    "links": (_shared, ["share.create", "share.revoke"]),
    "presets": (_presets, ["preset.save", "preset.delete"]),
    "people": (_people, ["person.save", "person.save", "person.remove"]),
    "keys": (_keys, ["key.make", "key.revoke"]),
    "the simulator": (
        _simulator,
        ["simulator.start", "simulator.pause", "simulator.resume", "simulator.change", "simulator.stop", "simulator.purge"],
    ),
    "data": (_data, ["data.sample", "data.rebuild", "data.clear"]),
}


@pytest.mark.parametrize("deed", tuple(DEEDS))
def test_what_changes_something_leaves_an_entry(house: House, deed: str) -> None:
    do, dids = DEEDS[deed]
    do(house.engine)
    rows = said(house.engine)
    assert [did for _, did, _ in rows] == dids
    assert {label for label, _, _ in rows} == {"Mara Lind"}
    assert all(what for _, _, what in rows)


def test_an_import_leaves_an_entry_with_what_came_of_it(house: House, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_id,user_id,ts,product_id,quantity,revenue\nA-1,ann,2026-11-18T10:00:00Z,lamp,1,9.90\n")
    house.engine.import_file(file, "orders", who=MARA)
    (entry,), _ = house.engine.audit.newest()
    assert (entry.did, entry.what) == ("data.import", "orders.csv as import")
    assert entry.after == "1 added, 0 here before, 0 refused"


def test_an_entry_says_what_it_was_before_and_is_now(house: House) -> None:
    _people(house.engine)
    newest = house.engine.audit.newest()[0]
    assert (newest[1].before, newest[1].after) == ("viewer", "analyst, sees Region: Asia")
    assert (newest[0].before, newest[0].after) == ("analyst, sees Region: Asia", "")
    _saved(house.engine)
    saved = next(entry for entry in house.engine.audit.newest()[0] if entry.did == "dashboard.save")
    assert (saved.before, saved.after) == ("version 1, private", "version 2, private: renamed it 'Ours'")


def test_work_that_was_not_finished_is_noted_as_such(house: House) -> None:
    def stop(done: int, total: int) -> None:
        raise NotFoundError("Stopped half way.")

    house.order()
    with pytest.raises(NotFoundError):
        house.engine.rebuild(stop, who=MARA)
    assert house.engine.audit.newest()[0][0].after == "not finished: Stopped half way."


@pytest.mark.parametrize(
    "deed",
    (
        lambda engine: engine.rebuild(who=ANN), lambda engine: engine.forget(who=ANN), lambda engine: engine.sample(who=ANN),
        lambda engine: engine.forget(run_id="r-0001", who=ANN), lambda engine: engine.generate(1, who=ANN),
        lambda engine: engine.import_file("x.csv", who=ANN), lambda engine: engine.simulate("start", who=ANN),
        lambda engine: engine.simulate("stop", who=ANN),
    ),
)  # fmt: skip
def test_what_only_administrators_do_is_refused_to_others_and_changes_nothing(house: House, deed: Any) -> None:
    house.order()
    with pytest.raises(ForbiddenError, match="Ann Field is a manager here"):
        deed(house.engine)
    assert house.engine.audit.newest()[0] == []
    assert house.engine.shown("real") == ("live", "import")


def test_entries_are_found_by_what_is_in_them_and_paged_back_over_days() -> None:
    clock = SetClock(NOON)
    audit = Audit(MemoryStore().catalog, clock)
    for number in range(30):
        audit.note(MARA if number % 3 else ANN, "dashboard.save", f"overview {number}")
        clock.move(DAY // 4)
    entries, more = audit.newest(10)
    assert ([entry.what for entry in entries], more) == ([f"overview {number}" for number in range(29, 19, -1)], True)
    assert next(entry.what for entry in audit.newest(10, before=entries[-1].id)[0]) == "overview 19"
    assert len(audit.newest(100, search="ann FIELD")[0]) == 10
    found, _ = audit.newest(100, search="overview 7")
    assert [entry.what for entry in found] == ["overview 27", "overview 17", "overview 7"]
    assert audit.newest(100, did="key")[0] == []
    everything, more = audit.newest(MOST + 1)
    assert (len(everything), more) == (30, False)


def test_a_long_change_is_told_in_short() -> None:
    audit = Audit(MemoryStore().catalog, SetClock(NOON))
    audit.note(LOCAL, "person.save", "kim", "x" * 1000, "y")
    assert len(audit.newest()[0][0].before) == 300


def test_what_was_done_stays_done_where_the_entry_cannot_be_written() -> None:
    class Away:
        def put(self, *_: object, **__: object) -> None:
            raise StoreAwayError("away")

    Audit(Away(), SetClock(NOON)).note(MARA, "key.make", "shop")  # type: ignore[arg-type]


def test_several_entries_of_one_instant_are_all_kept(house: House) -> None:
    for number in range(20):
        house.engine.audit.note(MARA, "preset.save", str(number))
    house.clock.move(SECOND)
    assert len(house.engine.audit.newest()[0]) == 20


def test_the_first_sign_in_of_somebody_is_noted(office: House) -> None:
    office.engine.people.arrive({"email": "tom@example.com", "name": "Tom Okafor"})
    assert said(office.engine) == [("Tom Okafor", "person.arrive", "tom@example.com")]
    with pytest.raises(PulseboardError):
        office.engine.people.principal("tom@example.com")


def test_records_that_are_sent_are_no_entry(house: House) -> None:
    house.take(given.order_record(ts=house.clock.now() - SECOND))
    assert house.engine.audit.newest()[0] == []
