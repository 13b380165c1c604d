// The lower part of the live page: the chosen period, two live charts, content performance and the event feed.

import { LiveChart } from "./chart.js"
import { Counter } from "./counter.js"
import { spark } from "./curves.js"
import { draw, find, icon, make, put, set, show } from "./dom.js"
import { Feed } from "./feed.js"
import * as as from "./format.js"
import { part } from "./part.js"
import { against, nothing } from "./top.js"

const KPIS = [
  ["revenue", "Revenue", "money", "up"],
  ["orders", "Orders", "count", "up"],
  ["avg_order_value", "Average order value", "money", "up"],
  ["conversion_rate", "Conversion rate", "percent", "up"],
]
const WHY_NOT = {
  avg_order_value: "No order completed in this period.",
  conversion_rate: "No content was viewed in this period.",
}
const NAMES = { today: "today", "1h": "1h", "24h": "24h", "7d": "7d", "30d": "30d" }
const STEPS = { today: "an hour", "1h": "in 5 minutes", "24h": "an hour", "7d": "in 6 hours", "30d": "in 24 hours" }
const SPOKEN = { today: "today", "1h": "in the last hour", "24h": "in the last 24 hours", "7d": "in the last 7 days", "30d": "in the last 30 days" }

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  const { wire } = self
  const currency = () => wire.state.live.currency
  const clock = (at) => as.clock(at, self.data.zone)
  const cards = KPIS.map((row) => card(is("kpis"), row))
  const rows = Array.from({ length: 5 }, () => contentRow(is("content").tBodies[0]))
  const feed = new Feed(root)
  let period = null
  let first = true

  const charts = {
    revenue: new LiveChart(is("revenuechart"), {
      steps: true, clock, tick: (v, step) => (step < 1 ? as.money : as.wholeMoney)(currency(), v), value: (v) => as.money(currency(), v), onPin: (on) => paused("revenue", on),
    }),
    active: new LiveChart(is("activechart"), {
      whole: true, clock, tick: as.count, value: (v) => `${as.count(v)} users`, onPin: (on) => paused("active", on),
    }),
  }
  for (const name of Object.keys(charts)) is(`${name}resume`).onclick = () => charts[name].resume()

  function paused(name, on) {
    show(is(`${name}pause`), on)
    show(is(`${name}resume`), on)
    if (on) put(is(`${name}pause`).lastElementChild, `Paused ${as.minute(new Date(), self.data.zone)}`)
  }

  function figures(live, curves, roll) {
    const shown = live.periods[self.data.period]
    const words = against(shown, self.data.zone, live.zone)
    KPIS.forEach(([name, label, unit, good], i) => {
      const f = shown.figures[name]
      const c = cards[i]
      const text = as.figure(unit, live.currency, f.value)
      c.counter.show(text, f.value ?? 0, roll)
      set(c.node, "title", f.value === null ? WHY_NOT[name] : null)
      set(c.chip, "title", as.whyNoChange(f))
      const { text: moved, arrow, mood } = as.change(f, good)
      put(c.moved, moved)
      show(c.arrow, arrow)
      if (arrow) icon(c.arrow, arrow)
      set(c.chip, "data-mood", mood)
      put(c.against, words)
      set(c.against, "title", words)
      put(c.heard, `${label} ${SPOKEN[self.data.period]}, ${text}, ${as.spokenChange(f)} ${words}`)
      if (curves) {
        const values = curves.sparks[self.data.period]?.[name] ?? []
        const sofar = self.data.period === "today"
        spark(c.spark, values, sofar)
        const known = values.filter((v) => v !== null)
        set(c.spark, "aria-label", known.length
          ? `${label} ${SPOKEN[self.data.period]}: lowest ${as.figure(unit, live.currency, Math.min(...known))}, highest ${as.figure(unit, live.currency, Math.max(...known))} ${STEPS[self.data.period]}${sofar ? ", the last one so far" : ""}`
          : `${label}: nothing to draw yet`)
      }
    })
  }

  function trails(live, animate) {
    const { trail } = live
    charts.revenue.update(trail.map(({ at, revenue: y }) => ({ at, y })), animate)
    charts.active.update(trail.map(({ at, active: y }) => ({ at, y })), animate)
    if (!trail.length) return
    const moved = trail.at(-1).revenue - trail[0].revenue
    put(is("revenuemoved"), `${moved >= 0 ? "+" : ""}${as.money(live.currency, moved)}`)
    put(is("activemoved"), as.count(live.activeUsers.current))
    const told = (label, values, show) => `${label}, last ${trail.length} updates, from ${clock(trail[0].at)} to ${clock(trail.at(-1).at)}. ` +
      `First ${show(values[0])}, last ${show(values.at(-1))}, lowest ${show(Math.min(...values))}, highest ${show(Math.max(...values))}. Enter pauses, Escape resumes.`
    set(is("revenuechart"), "aria-label", told("Revenue today", trail.map((t) => t.revenue), (v) => as.money(live.currency, v)))
    set(is("activechart"), "aria-label", told("Active users now", trail.map((t) => t.active), as.count))
  }

  function content(curves) {
    const { rows: best, of } = curves.content[self.data.period] ?? { rows: [], of: 0 }
    const tall = Math.max(1e-9, ...best.map((row) => row.conversion ?? 0))
    put(is("contentnote"), `${NAMES[self.data.period]} \u00b7 top ${best.length} of ${of} by views`)
    show(is("contentnote"), best.length)
    show(is("content"), best.length)
    show(is("nocontent"), !best.length)
    put(is("nocontentwhen"), SPOKEN[self.data.period])
    rows.forEach((row, i) => {
      const it = best[i]
      show(row.node, it)
      if (!it) return
      put(row.name, it.content ?? "not named")
      set(row.name, "title", it.content)
      put(row.views, as.count(it.views))
      put(row.purchases, as.count(it.purchases))
      put(row.rate, it.conversion === null ? "n/a" : as.rate(it.conversion))
      row.bar.style.width = `${Math.min(100, (100 * (it.conversion ?? 0)) / (tall * 1.05))}%`
    })
  }

  function paint(what) {
    const { live, curves } = wire.state
    if (!live || what === "link") return
    const still = first || what === "back" || period !== self.data.period
    period = self.data.period
    is("room").classList.remove("waiting")
    is("room").classList.toggle("madeup", Boolean(live.origin.made_up) && !nothing(live))
    is("room").classList.toggle("stale", Boolean(live.stale))
    figures(live, curves, !still)
    if (what !== "curves") {
      trails(live, !first && what !== "back")
      feed.show(live, self.data.zone, !first && what !== "back")
    }
    if (curves) content(curves)
    first = false
  }

  const resize = new ResizeObserver(() => wire.state.live && figures(wire.state.live, wire.state.curves, false))
  resize.observe(is("kpis"))
  return {
    paint,
    end() {
      resize.disconnect()
      for (const chart of Object.values(charts)) chart.end()
      feed.end()
    },
  }
})

function card(into, [, label]) {
  const node = make("section", "card kpi")
  const counter = make("div", "counter")
  const svg = draw("svg", { class: "plot", role: "img", "aria-label": `${label}: nothing to draw yet` })
  const chip = make("span", "chip")
  const arrow = make("i")
  const moved = make("span")
  const words = make("span", "small")
  const heard = make("div", "heard")
  const line = make("div", "row change")
  chip.append(arrow, moved)
  line.append(chip, words)
  node.append(make("div", "label", label), counter, svg, line, heard)
  into.append(node)
  return { node, counter: new Counter(counter), spark: svg, chip, arrow, moved, against: words, heard }
}

function contentRow(body) {
  const node = body.insertRow()
  const [name, views, purchases, conversion] = [0, 1, 2, 3].map(() => node.insertCell())
  const cell = make("div", "rate")
  const track = make("span", "track")
  const bar = make("i")
  const rate = make("span", "value")
  track.append(bar)
  track.setAttribute("aria-hidden", "true")
  cell.append(track, rate)
  conversion.append(cell)
  return { node, name, views, purchases, bar, rate }
}
