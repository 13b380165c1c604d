"""Dashboards: what people put together, how it is kept, shared and answered."""

from __future__ import annotations
