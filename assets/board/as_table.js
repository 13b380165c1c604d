// Any drawing as a table, for reading and copying: the same numbers, in rows.

import * as as from "../format.js"

export function asTable(drawing, currency, zone) {
  const unit = drawing.unit
  const text = (value) => (value === null || value === undefined ? "" : typeof value === "number" ? as.figure(unit, currency, value) : String(value))
  const of = FORMS[drawing.form](drawing, text, (value) => when(value, zone))
  return { form: "table", title: drawing.title, subtitle: drawing.subtitle, alt: drawing.alt, picks: null, bars: null, total: null, ...of }
}

const column = (name, label, align) => ({ name, label, align, unit: align === "right" ? "count" : null })

const FORMS = {
  table: (drawing) => drawing,
  card: (drawing) => {
    const rows = (drawing.spark?.texts ?? []).map((said, i) => {
      const [at, value] = said.split(" \u00b7 ")
      return value === undefined ? [String(i + 1), said] : [at, value]
    })
    return two(rows.length ? [...rows, ["Whole period", drawing.figure]] : figures(drawing), rows.length ? "When" : "What")
  },
  gauge: (drawing) => two(figures(drawing), "What"),
  progress: (drawing) => two(figures(drawing), "What"),
  figure: (drawing, text, at) => {
    const [first] = drawing.data
    if (drawing.keys.length) return pie(drawing)
    if (first?.type === "heatmap") return heat(first, text, at)
    const flat = first?.orientation === "h"
    const [along, up] = flat ? ["y", "x"] : ["x", "y"]
    // A series whose unfinished parts are drawn on their own is one column.
    const series = new Map()
    for (const trace of drawing.data) {
      trace[along]?.forEach((place, i) => {
        const value = trace[up]?.[i]
        if (place === null || value === null || value === undefined) return
        const name = trace.name || drawing.title
        if (!series.has(name)) series.set(name, new Map())
        const column = series.get(name)
        if (!column.has(place)) column.set(place, value)
      })
    }
    const named = [...series]
    const places = [...new Set(named.flatMap(([, column]) => [...column.keys()]))]
    if (places.every((place) => /^\d{4}-\d\d-\d\d/.test(place))) places.sort()
    const said = short(places.map(at))
    const rows = places.map((place) => named.map(([, column]) => column.get(place) ?? null))
    return {
      columns: [column("at", "", "left"), ...named.map(([name], i) => column(`s${i}`, name, "right"))],
      rows: places.map((place, i) => [place, ...rows[i]]),
      texts: places.map((_, i) => [said[i], ...rows[i].map(text)]),
    }
  },
}

function figures(drawing) {
  const rows = [[drawing.title, drawing.figure]]
  if (drawing.delta) rows.push([drawing.delta.against || "Change", drawing.delta.text])
  if (drawing.target) rows.push(["Target", drawing.target.text])
  return rows
}

function two(rows, label) {
  return { columns: [column("at", label, "left"), column("value", "", "right")], rows, texts: rows }
}

function pie(drawing) {
  const rows = drawing.keys.map((key) => [key.label, key.figure, key.share])
  return { columns: [column("at", "", "left"), column("value", drawing.title, "right"), column("share", "Share", "right")], rows, texts: rows }
}

function heat(trace, text, at) {
  const rows = trace.y.map((name, i) => [name, ...trace.z[i]])
  return {
    columns: [column("at", "", "left"), ...trace.x.map((name, i) => column(`s${i}`, at(name), "right"))],
    rows,
    texts: rows.map(([name, ...values]) => [at(name), ...values.map(text)]),
  }
}

// Days without their midnight, where all of them are days.
const short = (texts) => (texts.every((text) => /^\d{4}-\d\d-\d\d 00:00$/.test(text)) ? texts.map((text) => text.slice(0, 10)) : texts)

// A place on the axis: a time is written as one, anything else as it stands.
function when(value, zone) {
  const said = String(value)
  if (!/^\d{4}-\d\d-\d\d/.test(said)) return said
  if (!/[T ]\d\d:/.test(said)) return said
  const aware = /[Z+]|-\d\d:\d\d$/.test(said.slice(10))
  if (!aware) return said.replace("T", " ").replace(/:00(\.0+)?$/, "")
  return `${as.day(said, zone)} ${as.minute(said, zone)}`
}
