"""The ten kinds of widget: what each asks and how it is drawn. They know questions and answers, not who answers."""

from __future__ import annotations

from metrics_core.widgets.kinds import WIDGETS, known_kind

__all__ = ["WIDGETS", "known_kind"]
