"""Dashboards are kept: two editors never overwrite each other unseen, twenty versions come back, and each sees their own."""

from __future__ import annotations

from typing import Any

import pytest

from metrics_core.dashboards.document import body_of
from metrics_core.dashboards.shelf import Saved
from metrics_core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError, SavedMeanwhileError
from metrics_core.model.access import LOCAL
from metrics_core.model.instant import MINUTE
from tests.dashboards.conftest import ANN, IDA, TOM, VIC, House, card, document


def moved(saved: Saved, title: str = "Sales", **fields: Any) -> dict[str, Any]:
    """The document, a little different."""
    return {**body_of(saved.dashboard), "title": title, **fields}


def test_what_was_saved_is_what_is_read_by_another_person(house: House) -> None:
    made = house.engine.shelf.create(document(card(1), card(2, "revenue"), visibility="everyone"), ANN)
    read = house.engine.shelf.read(made.id, VIC)
    assert read == made
    assert (read.version, read.dashboard.owner) == (1, ANN.name)
    assert [widget.place.x for widget in read.dashboard.widgets] == [0, 3]


def test_the_second_of_two_editors_hears_who_saved_what_and_when(house: House) -> None:
    shelf = house.engine.shelf
    made = shelf.create(document(visibility="everyone"), ANN)
    house.clock.move(5 * MINUTE)
    shelf.save(made.id, moved(made, "Sales today"), TOM, expecting=1)
    with pytest.raises(SavedMeanwhileError) as conflict:
        shelf.save(made.id, moved(made, "Sales of now"), ANN, expecting=1)
    assert str(conflict.value) == (
        "Tom Okafor saved version 2 of this dashboard at 12:05 on 19 November 2026 and renamed it 'Sales today', while you "
        "had version 1. Look at theirs, or save yours over it by expecting version 2."
    )
    assert conflict.value.saved == {
        "version": 2, "by": "Tom Okafor", "at": "2026-11-19T12:05:00.000Z", "changes": ["renamed it 'Sales today'"],
    }
    assert shelf.read(made.id, ANN).dashboard.title == "Sales today"
    assert shelf.save(made.id, moved(made, "Sales of now"), ANN, expecting=2).version == 3


def test_twenty_versions_back_are_kept_with_who_and_what(house: House) -> None:
    shelf = house.engine.shelf
    saved = shelf.create(document(visibility="everyone"), ANN)
    for number in range(2, 31):
        saved = shelf.save(saved.id, moved(saved, f"Title {number}"), TOM if number % 2 else ANN, expecting=saved.version)
    found = shelf.versions(saved.id, ANN)
    assert [row.version for row in found] == list(range(30, 9, -1))
    assert [row.dashboard.title for row in found[:2]] == ["Title 30", "Title 29"]
    assert [row.by_label for row in found[:2]] == ["Ann Field", "Tom Okafor"]
    assert found[1].changes == ("renamed it 'Title 29'",)
    with pytest.raises(NotFoundError, match="Version 3 of this dashboard is not kept"):
        shelf.restore(saved.id, 3, ANN, expecting=30)


def test_a_version_that_is_restored_is_the_newest_and_nothing_is_lost(house: House) -> None:
    shelf = house.engine.shelf
    made = shelf.create(document(card(1), card(2)), ANN)
    changed = shelf.save(made.id, moved(made, widgets=[card(1)]), ANN, expecting=1)
    assert changed.changes == ("renamed it 'Sales'", "removed 'metric_card'")
    back = shelf.restore(made.id, 1, ANN, expecting=2)
    assert back.dashboard == made.dashboard
    assert [row.version for row in shelf.versions(made.id, ANN)] == [3, 2, 1]
    with pytest.raises(SavedMeanwhileError):
        shelf.restore(made.id, 2, ANN, expecting=2)


def test_saving_what_is_there_already_makes_no_version(house: House) -> None:
    made = house.engine.shelf.create(document(), ANN)
    assert house.engine.shelf.save(made.id, body_of(made.dashboard), ANN, expecting=1) == made


def test_what_changed_is_said_in_words(house: House) -> None:
    shelf = house.engine.shelf
    made = shelf.create(document(card(1), card(2), card(3)), ANN)
    wider = {**card(2), "place": {"x": 3, "y": 0, "w": 6, "h": 2}}
    rows = [card(1, "revenue"), wider, {**card(4), "id": "new", "title": "New"}]
    rows[2]["place"] = {"x": 9, "y": 0, "w": 3, "h": 2}
    saved = shelf.save(made.id, moved(made, "Mine", widgets=rows, state={"period": "7d"}), ANN, expecting=1)
    assert saved.changes == (
        "added 'New'", "removed 'metric_card'", "changed 'metric_card'", "resized 'metric_card'",
        "changed what it opens with",
    )


def test_a_template_changes_like_any_dashboard_and_comes_back(house: House) -> None:
    shelf = house.engine.shelf
    before = shelf.read("overview", VIC)
    assert before.version == 0
    with pytest.raises(ForbiddenError, match="Make a copy"):
        shelf.save("overview", moved(before), IDA, expecting=0)
    shelf.save("overview", moved(before), ANN, expecting=0)
    assert shelf.read("overview", VIC).dashboard.title == "Sales"
    with pytest.raises(SavedMeanwhileError):
        shelf.save("overview", moved(before, "Other"), TOM, expecting=0)
    shelf.delete("overview", LOCAL)
    assert shelf.read("overview", VIC) == before
    with pytest.raises(ConflictError, match="comes with Pulseboard"):
        shelf.delete("overview", LOCAL)


def test_each_sees_their_own_and_what_is_shown_to_them(house: House) -> None:
    shelf = house.engine.shelf
    private = shelf.create(document(title="Private"), ANN)
    managers = shelf.create(document(title="Managers", visibility="roles", roles=["manager"]), ANN)
    everyone = shelf.create(document(title="Everyone", visibility="everyone"), ANN)

    def own(who: Any) -> set[str]:
        return {saved.id for saved in shelf.all(who) if saved.version}

    assert own(ANN) == own(LOCAL) == {private.id, managers.id, everyone.id}
    assert own(TOM) == {managers.id, everyone.id}
    assert own(IDA) == own(VIC) == {everyone.id}
    with pytest.raises(NotFoundError, match="or it is not shown to you"):
        shelf.read(private.id, TOM)
    with pytest.raises(NotFoundError, match="or it is not shown to you"):
        shelf.save(managers.id, document(), IDA, expecting=1)


def test_only_who_may_makes_changes_shows_and_deletes(house: House) -> None:
    shelf = house.engine.shelf
    with pytest.raises(ForbiddenError, match="analysts and above"):
        shelf.create(document(), VIC)
    with pytest.raises(ForbiddenError, match="Managers decide who sees"):
        shelf.create(document(visibility="everyone"), IDA)
    mine = shelf.create(document(), IDA)
    with pytest.raises(ForbiddenError, match="Managers decide who sees"):
        shelf.save(mine.id, moved(mine, visibility="everyone"), IDA, expecting=1)
    shared = shelf.create(document(visibility="everyone"), ANN)
    with pytest.raises(ForbiddenError, match="not yours to change"):
        shelf.save(shared.id, moved(shared), IDA, expecting=1)
    assert shelf.save(shared.id, moved(shared), TOM, expecting=1).dashboard.owner == ANN.name
    with pytest.raises(ForbiddenError, match="Only its owner"):
        shelf.delete(shared.id, TOM)
    shelf.delete(shared.id, ANN)
    with pytest.raises(NotFoundError):
        shelf.read(shared.id, ANN)


def test_a_copy_is_private_and_belongs_to_who_made_it(house: House) -> None:
    copy = house.engine.shelf.duplicate("overview", IDA)
    assert (copy.dashboard.owner, str(copy.dashboard.visibility)) == (IDA.name, "private")
    assert copy.dashboard.title == "Overview (copy)"
    assert copy.dashboard.widgets == house.engine.shelf.read("overview", IDA).dashboard.widgets


def test_an_export_comes_in_again_and_names_nobody(house: House) -> None:
    shelf = house.engine.shelf
    made = shelf.create(document(card(1), card(2), visibility="everyone", description="Mine", state={"period": "7d"}), ANN)
    body = shelf.export(made.id, ANN)
    assert ANN.name not in str(body)
    brought = shelf.bring(body, IDA).dashboard
    assert (brought.widgets, brought.state, brought.owner) == (made.dashboard.widgets, made.dashboard.state, IDA.name)
    assert str(brought.visibility) == "private"


@pytest.mark.parametrize(
    ("broken", "says"),
    (
        ({}, "exported"),
        ({"pulseboard": 2, "dashboard": {}}, "exported"),
        ({"pulseboard": 1, "dashboard": document({**card(), "kind": "metric_crd"})}, "Did you mean 'metric_card'"),
        ({"pulseboard": 1, "dashboard": document(card(measure="revenu"))}, "In 'w1': .*Did you mean 'revenue'"),
        ({"pulseboard": 1, "dashboard": document(card(colour="red"))}, "No option of a metric is called 'colour'"),
        ({"pulseboard": 1, "dashboard": document(card(), {**card(2), "place": card()["place"]})}, "overlap"),
        ({"pulseboard": 1, "dashboard": document(card(), card())}, "the id 'w1'|overlap"),
        ({"pulseboard": 1, "dashboard": document({**card(), "place": {"x": 0}})}, "whole columns and rows"),
        ({"pulseboard": 1, "dashboard": document(state={"period": "25h"})}, "No period"),
        ({"pulseboard": 1, "dashboard": document(title=" ")}, "is empty"),
        ({"pulseboard": 1, "dashboard": document(owners=1)}, "Did you mean"),
        ({"pulseboard": 1, "dashboard": []}, "JSON object"),
    ),
)
def test_what_comes_in_is_understood_or_refused_in_a_sentence(house: House, broken: Any, says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        house.engine.shelf.bring(broken, ANN)
    assert [saved for saved in house.engine.shelf.all(LOCAL) if saved.version] == []


def test_presets_are_for_oneself_or_by_managers_for_everyone(house: House) -> None:
    from metrics_core.dashboards.state import State

    presets = house.engine.presets
    mine = presets.save("overview", "Online", State.of({"where": {"channel": ["online"]}}), IDA)
    presets.save("overview", "Week", State(period="7d"), ANN, shared=True)
    again = presets.save("overview", "Online", State(period="30d"), IDA)
    assert again.id == mine.id
    assert [(row.name, row.state.period) for row in presets.of("overview", IDA)] == [("Online", "30d"), ("Week", "7d")]
    assert [row.name for row in presets.of("overview", VIC)] == ["Week"]
    with pytest.raises(ForbiddenError, match="made by managers"):
        presets.save("overview", "Mine", State(), IDA, shared=True)
    with pytest.raises(ForbiddenError, match="somebody else's"):
        presets.delete("overview", mine.id, TOM)
    presets.delete("overview", mine.id, IDA)
    assert [row.name for row in presets.of("overview", IDA)] == ["Week"]
