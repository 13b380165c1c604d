"""The HTTP and WebSocket doors: they read, check, ask the engine, and answer in one shape."""

from __future__ import annotations
