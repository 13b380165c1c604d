"""The colours of both themes by role, and the one function that gives a figure its colours.

`assets/theme.json` is written from this file by `python -m tests.widgets.write`, for what draws in the browser.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Literal, TypeAlias

from metrics_core.widgets.drawing import Plotly

Scheme: TypeAlias = Literal["light", "dark"]

LIGHT_SERIES = ("#2660C6", "#C87D20", "#105B43", "#DF4479", "#7B6C13", "#3597AF", "#5D3E94", "#3A2820")
DARK_SERIES = ("#6187E4", "#D3924B", "#6ABEA6", "#C85872", "#C0C982", "#95DDFC", "#7B5DA7", "#885442")

ROLES: Mapping[Scheme, Mapping[str, str]] = {
    "light": {
        **{f"series:{place}": colour for place, colour in enumerate(LIGHT_SERIES)},
        "page": "#FFFFFF", "surface": "#F5F7FA", "text": "#0E1420", "muted": "#5A6576", "border": "#DDE2E9",
        "grid": "#E9EDF2", "track": "#EFF2F6", "strong": "#8590A2", "primary": "#2A5FCB", "link": "#2256BF",
        "compare": "#8590A2", "other": "#667085", "target": "#0E1420",
        "status:completed": "#118A6B", "status:pending": "#C77F00", "status:failed": "#A81E2C", "simulated": "#7A4FD0",
        "good": "#118A6B", "good:text": "#0B6650", "good:tint": "#E6F5F0",
        "warn": "#C77F00", "warn:text": "#8A5000", "warn:tint": "#FFF3DA",
        "bad": "#A81E2C", "bad:text": "#A5222D", "bad:tint": "#FDECEC",
        "none": "#667085", "none:text": "#4A5465", "none:tint": "#EFF2F6",
        "simulated:text": "#5D35B0", "simulated:tint": "#F3EEFD",
        "paused": "#2A5FCB", "paused:text": "#1F4FB0", "paused:tint": "#EAF1FE",
    },
    "dark": {
        **{f"series:{place}": colour for place, colour in enumerate(DARK_SERIES)},
        "page": "#0F1217", "surface": "#181D25", "text": "#E6EAF1", "muted": "#98A3B3", "border": "#2A313C",
        "grid": "#1F252E", "track": "#1F252E", "strong": "#6B7686", "primary": "#5B8AEE", "link": "#8FB3FF",
        "compare": "#6B7686", "other": "#8D98A8", "target": "#E6EAF1",
        "status:completed": "#3FC79A", "status:pending": "#F7CB70", "status:failed": "#E0525C", "simulated": "#A68AF0",
        "good": "#3FC79A", "good:text": "#72DCBA", "good:tint": "#0F2B23",
        "warn": "#F7CB70", "warn:text": "#F7CB70", "warn:tint": "#30240F",
        "bad": "#E0525C", "bad:text": "#FF9DA0", "bad:tint": "#371A1D",
        "none": "#8D98A8", "none:text": "#B4BDC9", "none:tint": "#1F252E",
        "simulated:text": "#C6B3F9", "simulated:tint": "#261E3F",
        "paused": "#6F9BF5", "paused:text": "#9DBBFF", "paused:tint": "#15233F",
    },
}  # fmt: skip
SCALES: Mapping[Scheme, Mapping[str, tuple[str, ...]]] = {
    "light": {
        "sequential": ("#EDF4FF", "#D0E3FE", "#B5D1FB", "#9AC0F8", "#76A4EC", "#5489E0", "#336CD3", "#2855AB", "#1E3E84",
                       "#13295F"),
        "diverging": ("#753B07", "#AE6520", "#D79E65", "#EDD1AE", "#F3EEE6", "#EAEFF5", "#BAD3F5", "#7DA8E8", "#4373C9",
                      "#184097"),
    },
    "dark": {
        "sequential": ("#142139", "#1B3159", "#23417A", "#2B519C", "#3C68B7", "#4E80D2", "#6198EE", "#88B4F5", "#B0CFFB",
                       "#DAE9FF"),
        "diverging": ("#EDB06D", "#C48347", "#905B31", "#5C3C25", "#332921", "#262C36", "#2E4571", "#3F68B2", "#6295E6",
                      "#A3C6F8"),
    },
}  # fmt: skip
"""Ten steps each; for Plotly's `colorscale`."""

FONT = "IBM Plex Sans, sans-serif"


def colour(role: str, scheme: Scheme) -> object:
    """The colour of a role: "#2660C6", "rgba(...)" for "series:0/0.1", [[0, "#..."], ...] for a scale."""
    named, _, opacity = role.partition("/")
    if named in SCALES[scheme]:
        steps = SCALES[scheme][named]
        return [[round(place / (len(steps) - 1), 4), step] for place, step in enumerate(steps)]
    hexed = ROLES[scheme][named]
    if not opacity:
        return hexed
    red, green, blue = (int(hexed[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def painted(thing: Plotly, scheme: Scheme) -> Plotly:
    """A trace or layout with the colours that its `meta.paint` names by role."""
    found = copy.deepcopy(thing)
    meta = found.get("meta")
    paint = meta.get("paint") if isinstance(meta, dict) else None
    for path, role in paint.items() if isinstance(paint, dict) else ():
        value = [colour(str(row), scheme) for row in role] if isinstance(role, list | tuple) else colour(str(role), scheme)
        _set(found, str(path).split("."), value)
    return found


def themed(data: tuple[Plotly, ...], layout: Plotly, scheme: Scheme) -> dict[str, object]:
    """A whole figure for Plotly, in the colours and the template of a theme."""
    return {
        "data": [painted(trace, scheme) for trace in data],
        "layout": {"template": template(scheme), **painted(layout, scheme)},
    }


def template(scheme: Scheme) -> dict[str, object]:
    """The Plotly template of a theme."""
    role = ROLES[scheme]
    page, text, muted, grid, border = (role[name] for name in ("page", "text", "muted", "grid", "border"))
    ticks = {"family": FONT, "size": 11, "color": muted, "weight": 400}
    small = {**ticks, "size": 12}
    words = {**small, "color": text}
    axis = {
        "automargin": True, "gridcolor": grid, "gridwidth": 1, "zeroline": False, "zerolinecolor": border,
        "linecolor": border, "linewidth": 1, "ticklen": 4, "tickcolor": border, "tickfont": ticks,
        "title": {"font": small, "standoff": 8}, "spikecolor": role["strong"], "spikethickness": 1, "spikedash": "dot",
    }  # fmt: skip
    bar = {"thickness": 8, "outlinewidth": 0, "ticks": "", "tickfont": ticks}
    return {
        "layout": {
            "font": words,
            "title": {"font": {**words, "size": 14, "weight": 600}, "x": 0, "xanchor": "left", "y": 0.98, "yanchor": "top"},
            "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": [role[f"series:{place}"] for place in range(8)],
            "colorscale": {"sequential": colour("sequential", scheme), "diverging": colour("diverging", scheme)},
            "coloraxis": {"colorbar": {**bar, "len": 0.9}},
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "separators": ".,",
            "hovermode": "x unified", "hoverdistance": 40,
            "hoverlabel": {"bgcolor": page if scheme == "light" else role["surface"], "bordercolor": border, "font": words,
                           "align": "left", "namelength": -1},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "font": small,
                       "bgcolor": "rgba(0,0,0,0)", "itemsizing": "trace", "itemwidth": 30, "title": {"text": ""}},
            "xaxis": {**axis, "showgrid": False, "showline": True, "ticks": "outside", "ticklabelstandoff": 2},
            "yaxis": {**axis, "showgrid": True, "showline": False, "ticks": "", "ticklabelstandoff": 6,
                      "rangemode": "tozero", "nticks": 5},
            "bargap": 0.28, "bargroupgap": 0.08, "barcornerradius": 2, "transition": {"duration": 0},
            "uniformtext": {"minsize": 11, "mode": "hide"},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": muted, "activecolor": role["primary"], "orientation": "h"},
            "annotationdefaults": {"font": ticks, "showarrow": False},
            "shapedefaults": {"line": {"color": role["strong"], "width": 1, "dash": "dot"}},
        },
        "data": {
            "scatter": [{"line": {"width": 2, "shape": "linear"}, "connectgaps": False,
                         "marker": {"size": 6, "line": {"width": 1.5, "color": page}}}],
            "bar": [{"marker": {"line": {"width": 0}}, "textfont": ticks, "textposition": "none"}],
            "pie": [{"hole": 0.62, "sort": False, "direction": "clockwise", "textinfo": "none",
                     "marker": {"line": {"color": page, "width": 2}}}],
            "heatmap": [{"colorscale": colour("sequential", scheme), "xgap": 2, "ygap": 2, "hoverongaps": False,
                         "colorbar": bar}],
        },
    }  # fmt: skip


def as_json() -> str:
    """Both themes as the browser takes them."""
    themes = {
        scheme: {
            "roles": dict(ROLES[scheme]), "scales": {name: colour(name, scheme) for name in SCALES[scheme]},
            "template": template(scheme),
        }
        for scheme in ROLES
    }  # fmt: skip
    return json.dumps(themes, indent=1) + "\n"


def _set(thing: object, path: list[str], value: object) -> None:
    """Set the place a path leads to, making objects on the way."""
    *way, last = path
    for part in way:
        if isinstance(thing, list):
            thing = thing[int(part)]
        elif isinstance(thing, dict):
            thing = thing.setdefault(part, {})
    if isinstance(thing, list):
        thing[int(last)] = value
    elif isinstance(thing, dict):
        thing[last] = value
