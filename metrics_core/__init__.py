"""Pulseboard's core: events in, exact totals kept, snapshots and answers out. Knows nothing of Streamlit."""

from __future__ import annotations

__version__ = "0.1.0"
