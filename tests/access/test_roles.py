"""What each role may do, and what those are told who may not."""

from __future__ import annotations

import pytest

from metrics_core.access.roles import PERMISSIONS, allows, of_role, require
from metrics_core.errors import ForbiddenError
from metrics_core.model.access import LOCAL, NOBODY, VISITOR, Principal, Role

MAY = {
    Role.VIEWER: {"look"},
    Role.ANALYST: {"look", "ask", "explain", "export", "arrange"},
    Role.MANAGER: {"look", "ask", "explain", "export", "arrange", "share"},
    Role.ADMIN: set(PERMISSIONS),
}


@pytest.mark.parametrize("role", tuple(Role))
@pytest.mark.parametrize("permission", tuple(PERMISSIONS))
def test_a_role_may_do_what_its_row_says(role: Role, permission: str) -> None:
    who = Principal("kim@example.com", "Kim", role)
    assert allows(who, permission) is (permission in MAY[role])
    assert (permission in of_role(role)) is (permission in MAY[role])


@pytest.mark.parametrize("permission", tuple(PERMISSIONS))
def test_whoever_came_by_a_link_may_do_none_of_it_whatever_their_role(permission: str) -> None:
    assert not allows(Principal("link:1", "Link", Role.ADMIN, link="1"), permission)


def test_who_has_no_role_of_their_own_may_what_is_said_of_them() -> None:
    assert {name for name in PERMISSIONS if allows(VISITOR, name)} == {"look", "ask", "export"}
    assert not any(allows(NOBODY, name) for name in PERMISSIONS)
    assert all(allows(LOCAL, name) for name in PERMISSIONS)


@pytest.mark.parametrize(
    ("who", "permission", "sentence"),
    (
        (Principal("v", "Vic", Role.VIEWER), "ask",
         "Asking questions of one's own is for analysts and above. Vic is a viewer here."),
        (Principal("i", "Ida", Role.ANALYST), "share", "Sharing is for managers and above. Ida is an analyst here."),
        (Principal("a", "Ann", Role.MANAGER), "simulate",
         "The simulator needs an administrator. Ann is a manager here."),
        (NOBODY, "look", "Looking at figures and dashboards is for those who have a role here. Sign in first."),
        (VISITOR, "data",
         "Filling, importing, rebuilding and clearing data needs an administrator. Visitor may not."),
        (Principal("link:1", "Link", Role.VIEWER, link="1"), "look",
         "This link shows a dashboard and nothing else. Sign in, or send a key, for more."),
    ),
)  # fmt: skip
def test_a_refusal_says_who_may(who: Principal, permission: str, sentence: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        require(who, permission)
    assert str(refused.value) == sentence
