// A live chart of the last twenty updates: drawn once, then moved. A new point slides the line one step to the left.

import { draw, make, put, set, show, stillPlease } from "./dom.js"
import { path } from "./curves.js"
import { steady } from "./scale.js"

const SLIDE = 400
const FOOT = 20
const HEAD = 8
const LABELLED = [0, 6, 12, 19]
const LENGTH = 20

// options: { steps: draw a running total in steps, whole: only whole numbers, tick(value, step), value(value), clock(at) }
export class LiveChart {
  constructor(svg, options) {
    this.svg = svg
    this.options = options
    this.points = []
    this.ticks = null
    this.frame = 0
    this.pinned = null
    this.grid = Array.from({ length: 5 }, () => {
      const line = draw("line", { class: "rule" })
      const label = draw("text", { class: "tick", "text-anchor": "end", "dominant-baseline": "middle" })
      svg.append(line, label)
      return { line, label }
    })
    this.times = LABELLED.map(() => svg.appendChild(draw("text", { class: "tick" })))
    this.range = svg.appendChild(draw("rect", { class: "range", y: 0 }))
    this.line = svg.appendChild(draw("path", { class: "line" }))
    this.halo = svg.appendChild(draw("circle", { class: "halo", r: 8 }))
    this.dot = svg.appendChild(draw("circle", { class: "dot", r: 3.6 }))
    this.cross = svg.appendChild(draw("line", { class: "cross", visibility: "hidden" }))
    this.tip = make("div", "tip")
    this.tip.hidden = true
    svg.after(this.tip)
    this.hover = null
    this.resize = new ResizeObserver(() => this.layout())
    this.resize.observe(svg)
    this.listen()
  }

  end() {
    cancelAnimationFrame(this.frame)
    this.resize.disconnect()
  }

  // points: [{ at, y }], oldest first.
  update(points, animate = true) {
    const newest = this.points.at(-1)?.at
    const fresh = newest === undefined ? points.length : points.filter((point) => point.at > newest).length
    if (!fresh && points.length === this.points.length && points.at(-1)?.y === this.points.at(-1)?.y) return
    const slide = animate && fresh > 0 && fresh < 6 && this.points.length && !document.hidden && !stillPlease()
    const before = this.points
    this.points = points
    if (this.pinned) return
    cancelAnimationFrame(this.frame)
    const from = this.ticks
    this.rescale(points)
    if (!slide) return this.layout()
    const shown = [...before.slice(-LENGTH), ...points.slice(-fresh)]
    const moved = shown.length - points.length
    const start = performance.now()
    const step = (now) => {
      const done = Math.min(1, (now - start) / SLIDE)
      this.paint(done < 1 ? shown : points, done < 1 ? -moved * done : 0, done < 1 ? blend(from, this.ticks, done) : ends(this.ticks))
      if (done < 1) this.frame = requestAnimationFrame(step)
    }
    this.label()
    this.frame = requestAnimationFrame(step)
  }

  // Hold the chart on a stretch of what it shows; the newest points wait until it is let go.
  pin(points) {
    cancelAnimationFrame(this.frame)
    this.pinned = points
    this.rescale(points)
    this.layout()
    this.options.onPin?.(true)
  }

  resume() {
    if (!this.pinned) return
    this.pinned = null
    this.ticks = null
    this.rescale(this.points)
    this.layout()
    this.options.onPin?.(false)
  }

  get shown() {
    return this.pinned ?? this.points
  }

  rescale(points) {
    if (!points.length) return
    const values = points.map((point) => point.y)
    this.ticks = steady(this.pinned ? null : this.ticks, Math.min(...values), Math.max(...values), this.options.whole)
  }

  layout() {
    if (!this.shown.length || !this.svg.clientWidth) return
    this.width = this.svg.clientWidth
    this.height = this.svg.clientHeight
    this.label()
    this.paint(this.shown, 0, ends(this.ticks))
  }

  label() {
    const { ticks, grid } = this
    if (!ticks) return
    const texts = ticks.map((value) => this.options.tick(value, ticks[1] - ticks[0]))
    this.left = Math.max(26, Math.max(...texts.map((text) => text.length)) * 6.4 + 10)
    this.right = this.width - 10
    const y = this.y(ends(ticks))
    grid.forEach(({ line, label }, i) => {
      const on = i < ticks.length
      set(line, "visibility", on ? null : "hidden")
      put(label, on ? texts[i] : "")
      if (!on) return
      const at = Math.round(y(ticks[i])) + 0.5
      for (const [name, value] of [["x1", this.left], ["x2", this.width], ["y1", at], ["y2", at]]) set(line, name, value)
      set(label, "x", this.left - 8)
      set(label, "y", at)
    })
    const shown = this.shown
    const places = shown.length === LENGTH ? LABELLED : [0, Math.floor((shown.length - 1) / 2), shown.length - 1]
    const roomy = this.right - this.left > 330
    this.times.forEach((label, i) => {
      const place = places[i]
      const first = place === 0
      const last = place === shown.length - 1
      const on = place !== undefined && (first || last || roomy) && places.indexOf(place) === i
      put(label, on ? this.options.clock(shown[place].at) : "")
      if (!on) return
      set(label, "x", Math.round(this.x(place, shown.length)))
      set(label, "y", this.height - 4)
      set(label, "text-anchor", first ? "start" : last ? "end" : "middle")
    })
  }

  x(i, length) {
    return this.left + (i / Math.max(1, length - 1)) * (this.right - this.left)
  }

  y([low, high]) {
    const tall = this.height - HEAD - FOOT
    return (value) => HEAD + tall - ((value - low) / (high - low || 1)) * tall
  }

  paint(points, shift, range) {
    const length = this.shown.length
    const y = this.y(range)
    const places = points.map((point, i) => [this.x(i + shift, length), y(point.y)])
    const drawn = []
    places.forEach(([px, py], i) => {
      if (this.options.steps && i) drawn.push([px, places[i - 1][1]])
      drawn.push([px, py])
    })
    set(this.line, "d", path(clip(drawn, this.left, this.right)))
    const inside = places.filter(([px]) => px <= this.right + 0.5)
    const [cx, cy] = inside.at(-1) ?? places.at(-1)
    const tip = shift ? [this.right, at(drawn, this.right) ?? cy] : [cx, cy]
    for (const circle of [this.halo, this.dot]) {
      set(circle, "cx", tip[0].toFixed(1))
      set(circle, "cy", tip[1].toFixed(1))
    }
    this.point()
  }

  listen() {
    const { svg } = this
    const index = (event) => {
      const inside = event.clientX - svg.getBoundingClientRect().left
      const length = this.shown.length
      return Math.max(0, Math.min(length - 1, Math.round(((inside - this.left) / (this.right - this.left)) * (length - 1))))
    }
    let from = null
    svg.addEventListener("pointermove", (event) => {
      if (!this.shown.length) return
      this.hover = index(event)
      if (from !== null) this.band(from, this.hover)
      this.point()
    })
    svg.addEventListener("pointerleave", () => {
      this.hover = null
      this.point()
    })
    svg.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch" || this.shown.length < 4) return
      from = index(event)
      svg.setPointerCapture(event.pointerId)
    })
    svg.addEventListener("pointerup", (event) => {
      const start = from
      from = null
      this.band(0, 0)
      if (start === null) return
      const [low, high] = [start, index(event)].sort((a, b) => a - b)
      if (high - low >= 2) this.pin(this.shown.slice(low, high + 1))
    })
    svg.addEventListener("dblclick", () => this.resume())
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.resume()
      else if (event.key === "Enter") this.pinned ? this.resume() : this.pin([...this.points])
    })
  }

  band(from, to) {
    const [low, high] = [from, to].sort((a, b) => a - b).map((i) => this.x(i, this.shown.length))
    set(this.range, "x", low)
    set(this.range, "width", Math.max(0, high - low))
    set(this.range, "height", this.height - FOOT)
  }

  point() {
    const place = this.hover === null ? null : this.shown[this.hover]
    show(this.tip, place)
    set(this.cross, "visibility", place ? null : "hidden")
    if (!place) return
    const px = this.x(this.hover, this.shown.length)
    for (const [name, value] of [["x1", px], ["x2", px], ["y1", HEAD], ["y2", this.height - FOOT]]) set(this.cross, name, value)
    put(this.tip, `${this.options.clock(place.at)}  ${this.options.value(place.y)}`)
    this.tip.style.left = `${Math.min(Math.max(px, this.left + 50), this.right - 50)}px`
  }
}

const ends = (ticks) => [ticks[0], ticks.at(-1)]

function blend(from, to, done) {
  const [a, b] = ends(to)
  if (!from) return [a, b]
  const [c, d] = ends(from)
  return [c + (a - c) * done, d + (b - d) * done]
}

// Cut a line at the sides of the plot, where it slides in and out.
function clip(points, left, right) {
  const kept = []
  points.forEach((point, i) => {
    const next = points[i + 1]
    if (point[0] >= left - 0.01 && point[0] <= right + 0.01) kept.push(point)
    if (!next) return
    for (const side of [left, right]) {
      if ((point[0] < side) === (next[0] < side) || point[0] === side || next[0] === side) continue
      const part = (side - point[0]) / (next[0] - point[0])
      kept.push([side, point[1] + (next[1] - point[1]) * part])
    }
  })
  return kept
}

function at(points, x) {
  for (let i = points.length - 1; i > 0; i--) {
    const [a, b] = [points[i - 1], points[i]]
    if (a[0] <= x && b[0] >= x) return b[0] === a[0] ? b[1] : a[1] + ((b[1] - a[1]) * (x - a[0])) / (b[0] - a[0])
  }
  return null
}
