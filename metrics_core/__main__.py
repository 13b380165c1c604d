"""`python -m metrics_core`: the commands."""

from __future__ import annotations

from metrics_core.cli.main import run

if __name__ == "__main__":
    run()
