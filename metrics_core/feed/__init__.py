"""Live messages out: encoded once, handed to every subscriber, newest wins."""

from __future__ import annotations
