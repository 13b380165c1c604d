// A card: one large figure, how it compares, and a line or a target under it. Gauge and progress share its parts.

import { draw, icon, make, put, set, show } from "../dom.js"
import { Spark } from "./spark.js"

const MOODS = { true: "good", false: "bad" }

// The large figure; where it does not fit, its short form, with the whole one on hover.
export class Figure {
  constructor() {
    this.node = make("div", "figure")
    this.text = make("span")
    this.node.append(this.text)
  }

  show(figure, short) {
    Object.assign(this, { figure, short })
    this.fit()
  }

  fit() {
    put(this.text, this.figure)
    set(this.node, "title", null)
    if (!this.node.clientWidth || this.node.scrollWidth <= this.node.clientWidth) return
    put(this.text, this.short)
    set(this.node, "title", this.figure)
  }
}

// How a figure compares: a chip with an arrow, and with what.
export class Change {
  constructor() {
    this.node = make("div", "row change")
    this.chip = make("span", "chip")
    this.arrow = make("i")
    this.moved = make("span")
    this.against = make("span", "small against")
    this.chip.append(this.arrow, this.moved)
    this.node.append(this.chip, this.against)
  }

  show(delta) {
    show(this.node, delta)
    if (!delta) return
    const moves = delta.direction === "up" || delta.direction === "down"
    show(this.arrow, moves)
    if (moves) icon(this.arrow, delta.direction)
    put(this.moved, delta.text)
    set(this.chip, "data-mood", MOODS[delta.good] ?? "none")
    set(this.node, "title", delta.why)
    put(this.against, delta.against)
    set(this.against, "title", delta.against)
  }
}

// How far it is: a bar, a mark where time stands, and the words.
export class Target {
  constructor() {
    this.node = make("div", "target")
    const track = make("div", "track")
    this.bar = make("i")
    this.mark = make("b")
    this.words = make("div", "small")
    track.append(this.bar, this.mark)
    this.node.append(track, this.words)
  }

  show(target, elapsed = null) {
    show(this.node, target)
    if (!target) return
    this.bar.style.width = `${Math.max(0, Math.min(1, target.share ?? 0)) * 100}%`
    set(this.bar, "data-state", target.state)
    show(this.mark, elapsed !== null && elapsed !== undefined)
    this.mark.style.left = `${(elapsed ?? 0) * 100}%`
    set(this.mark, "title", elapsed === null ? null : `${Math.round(elapsed * 100)}% of the period is over`)
    put(this.words, target.text)
  }
}

export function card(body) {
  const room = make("div", "kpi")
  const [figure, change, target, spark] = [new Figure(), new Change(), new Target(), new Spark()]
  room.append(figure.node, change.node, target.node, spark.node)
  body.append(room)
  return {
    parts: { figure: figure.node },
    show(drawing) {
      figure.show(drawing.figure, drawing.short)
      set(figure.node, "data-state", drawing.state)
      change.show(drawing.delta)
      target.show(drawing.target)
      show(spark.node, drawing.spark)
      spark.show(drawing.spark)
      set(room, "data-with", [drawing.target && "target", drawing.spark && "spark"].filter(Boolean).join(" "))
    },
    resize() {
      figure.fit()
      spark.resize()
    },
  }
}

export function progress(body) {
  const room = make("div", "kpi progress")
  const [figure, change, target] = [new Figure(), new Change(), new Target()]
  room.append(figure.node, change.node, target.node)
  body.append(room)
  return {
    parts: { figure: figure.node },
    show(drawing) {
      figure.show(drawing.figure, drawing.short)
      change.show(drawing.delta)
      target.show({ ...drawing.target, state: drawing.state ?? drawing.target.state }, drawing.elapsed)
    },
    resize: () => figure.fit(),
  }
}

const ARC = { radius: 80, width: 15, sweep: 220 }

// A point of the arc, 0 at its left end and 1 at its right.
function on(share, radius = ARC.radius) {
  const angle = ((-90 - ARC.sweep / 2 + share * ARC.sweep) * Math.PI) / 180
  return [100 + radius * Math.cos(angle), 96 + radius * Math.sin(angle)].map((value) => Math.round(value * 100) / 100)
}

function arc(from, to) {
  if (to <= from) return ""
  const large = (to - from) * ARC.sweep > 180 ? 1 : 0
  return `M${on(from).join(" ")}A${ARC.radius} ${ARC.radius} 0 ${large} 1 ${on(to).join(" ")}`
}

export function gauge(body) {
  const room = make("div", "gauge")
  const svg = draw("svg", { viewBox: "0 0 200 150", "aria-hidden": "true" })
  const track = draw("path", { class: "arctrack", d: arc(0, 1) })
  const bands = draw("g", { class: "bands" })
  const value = draw("path", { class: "arc" })
  const aim = draw("line", { class: "aim" })
  svg.append(track, value, bands, aim)
  const dial = make("div", "dial")
  const middle = make("div", "middle")
  const [figure, change] = [new Figure(), new Change()]
  const words = make("div", "small aimed")
  const ends = make("div", "ends small")
  const [low, high] = [make("span"), make("span")]
  ends.append(low, high)
  middle.append(figure.node, change.node)
  dial.append(svg, middle, ends)
  room.append(dial, words)
  body.append(room)
  let marks = ""
  return {
    parts: { figure: figure.node },
    show(drawing) {
      figure.show(drawing.figure, drawing.short)
      change.show(drawing.delta)
      set(value, "d", arc(0, drawing.share ?? 0))
      set(value, "data-state", drawing.state)
      put(low, drawing.ends[0])
      put(high, drawing.ends[1])
      put(words, drawing.target?.text ?? "")
      show(words, drawing.target)
      const place = (number) => Math.max(0, Math.min(1, (number - drawing.low) / (drawing.high - drawing.low || 1)))
      const wanted = JSON.stringify([drawing.bands, drawing.low, drawing.high])
      if (wanted !== marks) {
        marks = wanted
        bands.replaceChildren(...drawing.bands.map((band) => {
          const piece = draw("path", { class: "band", "data-state": band.state })
          const scale = (ARC.radius + 11) / ARC.radius
          piece.setAttribute("d", arc(place(band.start) + 0.004, place(band.end) - 0.004))
          piece.setAttribute("transform", `translate(${100 - 100 * scale} ${96 - 96 * scale}) scale(${scale})`)
          return piece
        }))
      }
      show(aim, drawing.target)
      if (drawing.target) {
        const at = place(drawing.target.value)
        const [[x1, y1], [x2, y2]] = [on(at, ARC.radius - 11), on(at, ARC.radius + 11)]
        for (const [name, number] of Object.entries({ x1, y1, x2, y2 })) set(aim, name, number)
      }
    },
    resize: () => figure.fit(),
  }
}
