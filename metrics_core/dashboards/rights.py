"""Who may see, change, share and delete a dashboard."""

from __future__ import annotations

from metrics_core.errors import ForbiddenError
from metrics_core.model.access import Principal, Role
from metrics_core.model.dashboard import Dashboard, Visibility


def may_see(dashboard: Dashboard, who: Principal) -> bool:
    """Its owner, those it is shown to, and administrators; whoever came by a link sees what the link is of, elsewhere."""
    if who.link is not None:
        return False
    if who.role is Role.ADMIN or dashboard.owner == who.name or dashboard.visibility is Visibility.EVERYONE:
        return True
    return dashboard.visibility is Visibility.ROLES and who.role.name.lower() in dashboard.roles


def may_create(who: Principal) -> bool:
    return who.link is None and who.role >= Role.ANALYST


def may_change(dashboard: Dashboard, who: Principal) -> bool:
    """Its owner, administrators, and managers where it is not private."""
    if not may_create(who):
        return False
    if who.role is Role.ADMIN or dashboard.owner == who.name:
        return True
    return who.role is Role.MANAGER and may_see(dashboard, who)


def may_make_links(who: Principal) -> bool:
    return who.link is None and who.role >= Role.MANAGER


def may_share(dashboard: Dashboard, who: Principal) -> bool:
    """Managers and administrators share what they see."""
    return may_make_links(who) and may_see(dashboard, who)


def may_delete(dashboard: Dashboard, who: Principal) -> bool:
    return may_create(who) and (who.role is Role.ADMIN or dashboard.owner == who.name)


def allowed(dashboard: Dashboard, who: Principal) -> dict[str, bool]:
    """What they may do with it, for pages and programs."""
    return {
        "change": may_change(dashboard, who), "share": may_share(dashboard, who), "delete": may_delete(dashboard, who),
    }  # fmt: skip


def require(holds: bool, sentence: str) -> None:
    """ForbiddenError with the sentence where it does not hold."""
    if not holds:
        raise ForbiddenError(sentence)
