"""A dashboard in a real browser: ten widgets, one of each kind, and what a hand does in their grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.pages.conftest import Server

DESKTOP = {"width": 1440, "height": 1000}
PLACES = """() => Object.fromEntries([...window.board().querySelectorAll(".tile")].map((tile) =>
  [tile.dataset.id, ["x", "y", "w", "h"].map((name) => Number(tile.style.getPropertyValue("--" + name)))]))"""
LOOP = "import(new URL('assets/board/loop.js', document.baseURI).href)"
BOARD = """window.board = () => [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".tiles"))
  .find(Boolean)"""
WATCH = """() => {
  window.gone = [];
  const chart = (node) => node.matches?.("svg, canvas, section, .tile, .js-plotly-plot, .chart-plot, table, tr");
  for (const root of [window.board()]) new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.removedNodes) {
      const inside = node.querySelector?.("svg, canvas, section, .tile, table");
      if (chart(node) || inside) gone.push(node.className || node.nodeName);
    }
  }).observe(root, { subtree: true, childList: true });
}"""
WIDGETS = (
    ("metric_card", {"measure": "revenue"}, (0, 0, 3, 2)),
    ("kpi_card", {"measure": "orders"}, (3, 0, 3, 2)),
    ("sparkline", {"measure": "revenue"}, (6, 0, 3, 2)),
    ("progress_bar", {"measure": "revenue", "target": 1000}, (9, 0, 3, 2)),
    ("line_chart", {"measures": ["revenue"], "split": "channel", "grain": "hour"}, (0, 2, 8, 4)),
    ("pie_chart", {"measure": "revenue", "by": "region"}, (8, 2, 4, 4)),
    ("table", {"measures": ["revenue", "orders"], "by": ["channel"]}, (0, 6, 4, 4)),
    ("bar_chart", {"measures": ["orders"], "across": "region"}, (4, 6, 8, 4)),
    ("heatmap", {"measure": "orders"}, (0, 10, 8, 4)),
    ("gauge", {"measure": "orders", "low": 0, "high": 100}, (8, 10, 4, 4)),
)


def ten_widgets(server: Server) -> str:
    """A dashboard with one widget of each kind, made on a server; its id."""
    widgets = [
        {"id": f"w{number}", "kind": kind, "title": "", "spec": spec, "place": dict(zip("xywh", place, strict=True))}
        for number, (kind, spec, place) in enumerate(WIDGETS, 1)
    ]
    made = server.post("/api/v1/dashboards", {"document": {"title": "Ten", "widgets": widgets}})
    return str(made["id"])


def tile(page: Page, name: str) -> Locator:
    return page.locator(f".board:not(.preview) .tile[data-id={name}]")


def drawn(page: Page, *names: str) -> None:
    """Wait until these widgets show something."""
    for name in names:
        expect(tile(page, name).locator(".figure, .main-svg, tbody td").first).to_be_visible(timeout=30_000)


def places(page: Page) -> dict[str, list[int]]:
    found: dict[str, list[int]] = page.evaluate(PLACES)
    return found


def refresh(page: Page) -> None:
    """Ask for the newest, as "Try now" does, and wait until it is shown."""
    page.evaluate(f"""async () => {{
      const loop = await {LOOP};
      await new Promise((done) => {{
        const leave = loop.join((what) => what === "answer" && (leave(), done()));
        loop.refresh();
      }})
    }}""")


def drag(page: Page, grip: Locator, dx: float, dy: float) -> None:
    """Drag something by hand."""
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=6)
    page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()


def arrange(page: Page) -> None:
    page.get_by_role("button", name="Arrange").click()
    expect(page.get_by_role("button", name="Done")).to_be_visible()
    expect(page.locator(".tiles.grid-stack")).to_be_visible()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
