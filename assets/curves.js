// Small drawings without axes of their own: the day's curve against yesterday's, and the sparkline of a card.

import { draw, set } from "./dom.js"

const round = (value) => Math.round(value * 10) / 10

export function path(points) {
  let text = ""
  let pen = "M"
  for (const point of points) {
    if (!point) pen = "M"
    else {
      text += `${pen}${round(point[0])} ${round(point[1])}`
      pen = "L"
    }
  }
  return text
}

// The same points as a surface down to `floor`; a gap ends one piece and begins another.
export function area(points, floor) {
  let text = ""
  let piece = []
  for (const point of [...points, null]) {
    if (point) piece.push(point)
    else {
      if (piece.length > 1) text += `${path(piece)}L${round(piece.at(-1)[0])} ${floor}L${round(piece[0][0])} ${floor}Z`
      piece = []
    }
  }
  return text
}

function parts(svg, names) {
  if (!svg.parts) {
    svg.parts = {}
    for (const [name, tag] of names) svg.append((svg.parts[name] = draw(tag, { class: name })))
  }
  return svg.parts
}

const size = (svg) => [svg.clientWidth || 200, svg.clientHeight || 60]

// Today so far, solid to the present moment; the whole of yesterday, dashed.
export function dayCurve(svg, day, asOf) {
  const [width, height] = size(svg)
  const p = parts(svg, [["before", "path"], ["surface", "path"], ["line", "path"], ["dot", "circle"]])
  const steps = Math.max(day.yesterday.length, day.today.length, 1)
  const top = Math.max(1, ...day.yesterday, ...day.today)
  const low = Math.min(0, ...day.yesterday, ...day.today)
  const x = (step) => 3 + (step / steps) * (width - 6)
  const y = (value) => height - 3 - ((value - low) / (top - low)) * (height - 8)
  const elapsed = Math.min(steps, (new Date(asOf) - new Date(day.start)) / 1000 / day.step)
  const today = day.today.map((value, i) => [x(i === day.today.length - 1 ? Math.max(elapsed, i) : i + 1), y(value)])
  today.unshift([x(0), y(0)])
  const before = day.yesterday.map((value, i) => [x(i + 1), y(value)])
  if (before.length) before.unshift([x(0), y(0)])
  set(p.before, "d", path(before))
  set(p.surface, "d", area(today, round(y(low))))
  set(p.line, "d", path(today))
  const [cx, cy] = today.at(-1)
  set(p.dot, "cx", round(cx))
  set(p.dot, "cy", round(cy))
  set(p.dot, "r", 3.5)
}

// With `sofar`, the last step is not over yet: it is dotted, and its end hollow.
export function spark(svg, values, sofar = false) {
  const [width, height] = size(svg)
  const p = parts(svg, [["surface", "path"], ["line", "path"], ["sofar", "path"], ["dot", "circle"]])
  const known = values.filter((value) => value !== null && value !== undefined)
  if (known.length < 2) {
    for (const part of Object.values(p)) part.removeAttribute("d")
    return set(p.dot, "r", 0)
  }
  const low = Math.min(...known)
  const tall = Math.max(...known) - low || 1
  const x = (i) => 3 + (i / (values.length - 1)) * (width - 8)
  const y = (value) => height - 5 - ((value - low) / tall) * (height - 10)
  const points = values.map((value, i) => (value === null || value === undefined ? null : [x(i), y(value)]))
  set(p.surface, "d", area(points, height))
  set(p.line, "d", path(sofar ? points.slice(0, -1) : points))
  set(p.sofar, "d", sofar && points.at(-1) ? path(points.slice(-2)) : "")
  const last = points.findLast(Boolean)
  set(p.dot, "class", sofar && points.at(-1) ? "dot hollow" : "dot")
  set(p.dot, "cx", round(last[0]))
  set(p.dot, "cy", round(last[1]))
  set(p.dot, "r", 3)
}
