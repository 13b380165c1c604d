"""The admin page and the role of whoever looks: people, keys, links, the audit log, and what a role hides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from metrics_core.clock import SystemClock
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import SECOND
from metrics_core.settings import Settings
from tests import given

ROOT = Path(__file__).resolve().parents[2]
MARA = {"is_logged_in": True, "email": "mara@example.com", "name": "Mara Lind"}
NOBODY_YET = {"is_logged_in": True, "email": "tom@example.com", "name": "Tom Okafor"}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A house where people sign in, with an order in Europe and one in Asia."""
    engine = Engine(Settings(
        _env_file=None, database_url=f"sqlite:///{tmp_path / 'house.db'}", sign_in=True, admin_emails=("mara@example.com",),
    ))  # fmt: skip
    engine.start()
    now = SystemClock().now() - SECOND
    engine.accept([given.order_record(ts=now, region="Europe", amount="10.00"),
                   given.order_record(ts=now, region="Asia", amount="99.00")])  # fmt: skip
    monkeypatch.setattr("metrics_core.engine.engine", lambda: engine)
    yield engine
    engine.simulator.stop()
    engine.stop()


Visit = Callable[..., AppTest]


@pytest.fixture
def visit(office: Engine, tmp_path: Path) -> Visit:
    """Opens a page in somebody's name: `visit({"email": ...}, "admin")`."""
    # AppTest takes a folder `pages` beside the script for the older way of navigation, and would leave the frame out.
    script = tmp_path / "house.py"
    script.write_text("from pages.parts.frame import draw\n\ndraw()\n")

    def open_page(user: dict[str, Any], page: str = "live", **params: str) -> AppTest:
        at = AppTest.from_file(str(script), default_timeout=30)
        at.user = user
        for key, value in params.items():
            at.query_params[key] = value
        at.run()
        if page != "live":
            at.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
        return at

    return open_page


def texts(at: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "warning", "info", "error")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind))


def test_before_signing_in_there_is_the_way_in_and_nothing_else(visit: Visit) -> None:
    at = visit({"is_logged_in": False})
    assert [title.value for title in at.title] == ["Sign in to see your dashboards"]
    assert "Local administrator" not in texts(at)
    assert not at.sidebar.markdown
    assert not at.exception


def test_who_has_no_role_is_told_whom_to_ask(visit: Visit, office: Engine) -> None:
    office.people.arrive(MARA)
    at = visit(NOBODY_YET)
    assert "Your account has no role here. Ask Mara Lind." in texts(at)
    assert "You are signed in as :gray[tom]:gray[@example.com]" in texts(at)
    assert [button.label for button in at.button] == ["Look again", "Sign out"]
    office.people.keep("tom@example.com", LOCAL, role=Role.VIEWER)
    at.button(key="sign_in_again").click().run()
    assert [title.value for title in at.title] == ["Live"]
    office.people.keep("tom@example.com", LOCAL, role=Role.VIEWER, active=False)
    at.run()
    assert "Your account is shut out" in texts(at)


def test_the_first_administrator_finds_everything(visit: Visit) -> None:
    at = visit(MARA, "admin")
    assert [title.value for title in at.title] == ["Admin"]
    assert "Mara Lind" in texts(at)
    assert "by ADMIN_EMAILS" in texts(at).replace("\\", "")
    assert "Administrator" in "\n".join(row.value for row in at.sidebar.markdown)


@pytest.mark.parametrize("page", ("admin", "data", "simulator"))
def test_a_manager_reaches_no_page_of_administrators(visit: Visit, office: Engine, page: str) -> None:
    office.people.keep("ann@example.com", LOCAL, role=Role.MANAGER)
    with pytest.raises(Exception, match="navigation page"):
        visit({**MARA, "email": "ann@example.com"}, page).run()


def test_a_regional_manager_is_shown_her_region(visit: Visit, office: Engine) -> None:
    office.people.keep("rita@example.com", LOCAL, role=Role.MANAGER, filters={"region": ["Europe"]})
    at = visit({**MARA, "email": "rita@example.com", "name": "Rita"})
    assert not at.exception
    assert "Region: Europe" in "\n".join(row.value for row in at.sidebar.markdown).replace("\\", "")
    at.session_state["tables"] = True
    at.run()
    (table, *_) = at.dataframe
    assert table.value.loc["Revenue", "Today"] == 10.0


def test_a_person_is_added_changed_and_the_change_is_on_record(visit: Visit, office: Engine) -> None:
    at = visit(MARA, "admin")
    at.button(key="person_add").click().run()
    at.text_input(key="edit_new_email").input("rita@example.com")
    at.selectbox(key="edit_new_role").select("manager")
    at.multiselect(key="edit_new_by").select("region").run()
    at.button(key="edit_new_save").click().run()
    assert "Choose a value of Region" in texts(at)
    at.multiselect(key="edit_new_region").select("Europe").run()
    at.button(key="edit_new_save").click().run()
    rita = office.people.find("rita@example.com")
    assert rita is not None
    assert rita.told() == "manager, sees Region: Europe"
    assert "rita" in texts(at)
    (entry, *_), _ = office.audit.newest()
    assert (entry.label, entry.did, entry.what) == ("Mara Lind", "person.save", "rita@example.com")
    at.button(key="person_rita@example.com").click().run()
    at.toggle(key="edit_rita@example.com_active").set_value(False).run()
    at.button(key="edit_rita@example.com_save").click().run()
    assert "Shut out" in texts(at)
    at.text_input(key="people_search").input("nobody like this").run()
    assert "Nobody like that." in texts(at)


def test_a_key_is_made_shown_once_and_revoked(visit: Visit, office: Engine) -> None:
    at = visit(MARA, "admin", tab="Keys")
    assert "No key was made here" in texts(at)
    at.button(key="key_new").click().run()
    at.text_input(key="key_label").input("Shop backend")
    at.button(key="key_make").click().run()
    (word,) = [block.value for block in at.code]
    who = office.keys.principal(word)
    assert who is not None
    assert who.label == "Key Shop backend"
    at.button(key="key_done").click().run()
    assert not at.code
    assert word not in texts(at)
    (key,) = office.keys.all()
    at.button(key=f"key_revoke_{key.id}").click().run()
    assert office.keys.principal(word) is None


def test_every_link_is_listed_and_can_be_ended(visit: Visit, office: Engine) -> None:
    ann = Principal("ann@example.com", "Ann Field", Role.MANAGER)
    share, _ = office.shares.create("overview", ann, state=State(), label="Board meeting")
    at = visit(MARA, "admin", tab="Sharing")
    assert "Board meeting" in texts(at)
    at.button(key=f"sharing_{share.id}").click().run()
    assert "Board meeting" not in texts(at)
    at.toggle(key="sharing_ended").set_value(True).run()
    assert "Revoked" in texts(at)


def test_the_audit_log_is_searched(visit: Visit, office: Engine) -> None:
    office.people.keep("ann@example.com", LOCAL, role=Role.MANAGER)
    office.keys.make("shop", LOCAL, sends=True)
    at = visit(MARA, "admin", tab="Audit")
    (table,) = at.dataframe
    assert list(table.value["Did"])[:2] == ["signed in for the first time", "made a key"]
    at.selectbox(key="audit_about").select("person").run()
    assert set(at.dataframe[0].value["To"]) == {"ann@example.com", "mara@example.com"}
    at.text_input(key="audit_search").input("manager").run()
    assert list(at.dataframe[0].value["To"]) == ["ann@example.com"]
    at.text_input(key="audit_search").input("no such thing").run()
    assert "No entry like that" in texts(at)


def test_health_tells_of_every_part(visit: Visit) -> None:
    at = visit(MARA, "admin", tab="Health")
    assert "Database" in texts(at)
    assert "2 live" in texts(at)


def test_where_nobody_signs_in_the_local_administrator_has_the_page_too(
    house: Engine, opened: Callable[..., AppTest]
) -> None:
    at = opened("admin")
    assert "Nobody signs in here" in texts(at)
    house.audit.note(LOCAL, "key.make", "shop")
    assert not at.exception
