"""Who may come in, what for, and how often."""

from __future__ import annotations
