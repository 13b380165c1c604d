// The line under a figure: no axes, the last point marked, an unfinished one hollow and dotted.

import { area, path } from "../curves.js"
import { draw, make, put, set, show } from "../dom.js"

const round = (value) => Math.round(value * 10) / 10

export class Spark {
  constructor() {
    this.node = make("div", "sparkbox")
    this.svg = draw("svg", { class: "plot", "aria-hidden": "true" })
    this.parts = {}
    for (const [name, tag] of [["surface", "path"], ["line", "path"], ["sofar", "path"], ["cross", "line"], ["dot", "circle"]]) {
      this.svg.append((this.parts[name] = draw(tag, { class: name })))
    }
    this.tip = make("div", "tip")
    this.tip.hidden = true
    this.node.append(this.svg, this.tip)
    this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX))
    this.svg.addEventListener("pointerleave", () => this.point(null))
  }

  show(spark) {
    this.spark = spark
    this.resize()
  }

  resize() {
    const { parts: p, spark } = this
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight]
    if (!spark || !width || !height) return
    const known = spark.values.filter((value) => value !== null)
    const few = known.length < 2
    for (const part of Object.values(p)) part.style.display = few ? "none" : ""
    show(p.cross, false)
    if (few) return
    const low = Math.min(...known)
    const tall = Math.max(...known) - low
    const x = (i) => 3 + (i / (spark.values.length - 1)) * (width - 8)
    const y = (value) => (tall ? height - 5 - ((value - low) / tall) * (height - 10) : height / 2)
    this.points = spark.values.map((value, i) => (value === null ? null : [x(i), y(value)]))
    const last = this.points.findLastIndex(Boolean)
    const open = spark.unfinished && last === this.points.length - 1
    const done = open ? this.points.slice(0, -1) : this.points
    set(p.surface, "d", area(done, height))
    set(p.line, "d", path(done))
    set(p.sofar, "d", open && this.points[last - 1] ? path(this.points.slice(-2)) : "")
    set(p.dot, "cx", round(this.points[last][0]))
    set(p.dot, "cy", round(this.points[last][1]))
    set(p.dot, "r", 3)
    set(p.dot, "class", open ? "dot hollow" : "dot")
  }

  point(at) {
    const texts = this.spark?.texts ?? []
    if (at === null || !texts.length || !this.points) {
      show(this.tip, false)
      return set(this.parts.cross, "visibility", "hidden")
    }
    const step = (this.svg.clientWidth - 8) / (this.points.length - 1)
    const i = Math.min(texts.length - 1, Math.max(0, Math.round((at - 3) / step)))
    put(this.tip, texts[i])
    show(this.tip, true)
    const x = 3 + i * step
    const half = this.tip.offsetWidth / 2
    this.tip.style.left = `${Math.min(this.svg.clientWidth - half, Math.max(half, x))}px`
    for (const name of ["x1", "x2"]) set(this.parts.cross, name, round(x))
    set(this.parts.cross, "y1", 0)
    set(this.parts.cross, "y2", this.svg.clientHeight)
    set(this.parts.cross, "visibility", "visible")
  }
}
