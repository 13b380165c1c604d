// A chart: Plotly draws it in place, zoom and hidden series survive; a mark filters the other widgets.

import { make, put, set, show } from "../dom.js"
import { colour, mode, painted, template } from "./paint.js"
import { plotly, rules } from "./plotly.js"

const CONFIG = { displayModeBar: false, responsive: false, showTips: false, doubleClick: "reset", showAxisDragHandles: false }
const coarse = () => matchMedia("(pointer: coarse)").matches

export function figure(body, tools) {
  const room = make("div", "chartroom")
  const holder = make("div", "plotholder")
  const node = make("div", "chart-plot")
  const centre = make("div", "centre")
  const [middle, word] = [make("b"), make("span", "small")]
  const keys = make("ul", "keys")
  centre.append(middle, word)
  holder.append(node, centre)
  room.append(holder, keys)
  body.append(room)
  let drawing = null
  let drawn = false
  let working = null

  function layout(scheme) {
    const own = painted(scheme, drawing.layout)
    const still = tools.still() || coarse()
    return {
      ...own,
      template: template(scheme, tools.scale()),
      width: Math.floor(holder.clientWidth),
      height: Math.floor(holder.clientHeight),
      uirevision: tools.revision(),
      // At the left edge of the card, above the plot, however wide the numbers of the axis are.
      legend: { xref: "container", x: 0, yref: "container", y: 1, yanchor: "top", ...own.legend, uirevision: "kept" },
      dragmode: still ? false : own.dragmode ?? "zoom",
    }
  }

  async function paint() {
    if (!drawing || !holder.clientWidth || !holder.clientHeight) return
    const Plotly = await plotly()
    if (!drawing || !holder.isConnected) return
    const scheme = mode(room)
    const data = drawing.data.map((trace) => painted(scheme, trace))
    const config = { ...CONFIG, staticPlot: tools.still() }
    await Plotly.react(node, data, layout(scheme), config)
    if (drawn) return
    drawn = true
    rules(node.getRootNode())
    node.on("plotly_click", (event) => picked(event))
    node.on("plotly_relayout", (change) => moved(change))
    tools.painted()
  }

  // One after the other, and only the newest of those that came meanwhile.
  function again() {
    if (working) return (working.again = true)
    const mine = (working = { again: false })
    paint().catch((error) => tools.failed(error)).finally(() => {
      working = null
      if (mine.again) again()
    })
  }

  function picked({ points, event }) {
    if (!drawing.picks || !tools.pick) return
    const point = nearest(node, points, event)
    const raw = point?.customdata
    if (raw === undefined || raw === null) return
    const [value, second] = Array.isArray(raw) ? raw : [raw]
    tools.pick(drawing.picks.dimension, value)
    if (drawing.picks.also && second !== undefined) tools.pick(drawing.picks.also, second)
  }

  function moved(change) {
    if (change["xaxis.autorange"]) return tools.zoom(null)
    const [from, to] = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]]
    if (from !== undefined) tools.zoom({ from, to, time: node._fullLayout?.xaxis?.type === "date" })
    else if (change["yaxis.range[0]"] !== undefined) tools.zoom({})
  }

  function legend(scheme) {
    show(keys, drawing.keys.length)
    drawing.keys.forEach((key, i) => {
      const row = keys.children[i] ?? keys.appendChild(line())
      const [swatch, name, value, share] = row.firstChild.children
      swatch.style.background = colour(scheme, key.role)
      put(name, key.label)
      set(name, "title", key.label)
      put(value, key.figure)
      put(share, key.share)
      const picks = key.picked && drawing.picks && tools.pick
      row.firstChild.disabled = !picks
      row.firstChild.onclick = picks ? () => tools.pick(drawing.picks.dimension, key.value) : null
    })
    while (keys.children.length > drawing.keys.length) keys.lastChild.remove()
    fit()
  }

  // Names before figures: where both do not fit, the figure is told on hover.
  function fit() {
    keys.classList.remove("tight")
    const cut = [...keys.querySelectorAll(".name")].some((name) => name.scrollWidth > name.clientWidth)
    keys.classList.toggle("tight", cut)
    for (const row of keys.children) set(row.firstChild, "title", cut ? row.querySelector("b").textContent : null)
  }

  return {
    parts: { picture: holder },
    show(wanted) {
      drawing = wanted
      legend(mode(room))
      show(centre, drawing.centre)
      put(middle, drawing.centre?.[0])
      put(word, drawing.centre?.[1])
      room.classList.toggle("withkeys", drawing.keys.length > 0)
      again()
    },
    resize() {
      fit()
      again()
    },
    recolour() {
      if (drawing) legend(mode(room))
      again()
    },
    unzoom() {
      window.Plotly?.relayout(node, { "xaxis.autorange": true, "yaxis.autorange": true })
    },
    end() {
      window.Plotly?.purge(node)
    },
  }
}

function line() {
  const row = make("li")
  const key = make("button", "key-row")
  key.type = "button"
  key.append(make("i", "swatch"), make("span", "name"), make("b"), make("span", "small"))
  row.append(key)
  return row
}

// Of all marks at a place of the axis, the one under the pointer.
function nearest(node, points, event) {
  if (points.length < 2) return points[0]
  const box = node.getBoundingClientRect()
  const inside = (point) => {
    const axis = point.yaxis
    const value = axis.p2c(axis.p2d(event.clientY - box.top - axis._offset))
    const mark = node.calcdata[point.curveNumber]?.find((one) => one.i === point.pointNumber) ?? {}
    if (mark.b === undefined || mark.s === undefined) return Math.abs(value - axis.d2c(point.y))
    const [low, high] = [mark.b, mark.b + mark.s].sort((a, b) => a - b)
    return value < low ? low - value : value > high ? value - high : 0
  }
  return points.filter((point) => point.yaxis && point.customdata !== undefined).sort((a, b) => inside(a) - inside(b))[0] ?? points[0]
}
