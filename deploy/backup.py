"""A copy of an SQLite store while it is in use: `python deploy/backup.py data/pulseboard.db /backups/pulseboard.db`."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def back_up(store: Path, copy: Path) -> None:
    """One state of the store, with everything that was acknowledged before; those who write meanwhile do not wait.
    It replaces an older copy only when it is whole."""
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as kept, closing(sqlite3.connect(part)) as made:
        kept.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
        [told] = made.execute("PRAGMA quick_check").fetchone()
    if told != "ok":
        sys.exit(f"The copy of {store} is damaged: {told}")
    part.replace(copy)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("python deploy/backup.py STORE COPY")
    back_up(Path(sys.argv[1]), Path(sys.argv[2]))
