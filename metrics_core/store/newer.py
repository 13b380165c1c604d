"""A database that a newer version of the product made: what is not understood is not touched."""

from __future__ import annotations

from metrics_core import __version__
from metrics_core.errors import SettingError


def refuse_newer(found: int, known: int) -> None:
    """SettingError where the last step that was applied to a database is one that this version does not know."""
    if found > known:
        message = (
            f"A newer version of Pulseboard made this database: its tables are at step {found}, and this version "
            f"({__version__}) knows the steps up to {known}. Nothing was changed. Update Pulseboard, or name another "
            "database in DATABASE_URL."
        )
        raise SettingError(message)
