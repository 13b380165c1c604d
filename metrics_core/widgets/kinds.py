"""The kinds of widget there are, a row each."""

from __future__ import annotations

from typing import Any

from metrics_core.errors import UnknownNameError
from metrics_core.widgets import (
    bar_chart,
    gauge,
    heatmap,
    kpi_card,
    line_chart,
    metric_card,
    pie_chart,
    progress_bar,
    sparkline,
    table,
)
from metrics_core.widgets.kind import WidgetKind

WIDGETS: dict[str, WidgetKind[Any]] = {
    kind.name: kind
    for kind in (
        metric_card.KIND,
        kpi_card.KIND,
        line_chart.KIND,
        bar_chart.KIND,
        pie_chart.KIND,
        table.KIND,
        gauge.KIND,
        progress_bar.KIND,
        sparkline.KIND,
        heatmap.KIND,
    )
}


def known_kind(name: str) -> WidgetKind[Any]:
    """The kind of this name; UnknownNameError says what was probably meant."""
    if name not in WIDGETS:
        what = "kind of widget"
        raise UnknownNameError(what, name, WIDGETS)
    return WIDGETS[name]
