// Orders sent at each tick of the simulator: twenty bars that move one place to the left with every tick.

import { draw, find, put, set, show } from "./dom.js"
import * as as from "./format.js"
import { part } from "./part.js"
import { ticksFor } from "./scale.js"

const PLACES = 20
const KINDS = ["completed", "pending", "failed"]
const FOOT = 20
const HEAD = 10

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  const svg = is("bars")
  const grid = Array.from({ length: 5 }, () => [draw("line", { class: "rule" }), draw("text", { class: "tick", "text-anchor": "end", "dominant-baseline": "middle" })])
  for (const pair of grid) svg.append(...pair)
  const times = [0, 7, 13, 19].map((place) => [place, svg.appendChild(draw("text", { class: "tick" }))])
  const bars = Array.from({ length: PLACES }, () => {
    const group = draw("g")
    const parts = KINDS.map((kind) => group.appendChild(draw("rect", { class: kind })))
    svg.append(group)
    return { group, parts, at: null }
  })
  let scale = [0, 5, 10]

  // A bar keeps its tick; the one that leaves on the left comes back on the right as the newest.
  function keep(ticks) {
    const wanted = new Set(ticks.map((tick) => tick.at))
    const free = bars.filter((bar) => !wanted.has(bar.at))
    return ticks.map((tick) => bars.find((bar) => bar.at === tick.at) ?? Object.assign(free.pop(), { at: tick.at, fresh: true }))
  }

  function paint(what) {
    const { ticks, zone } = self.data
    const width = svg.clientWidth
    const height = svg.clientHeight
    show(is("nothing"), !ticks.length)
    const sums = ticks.map((tick) => KINDS.reduce((sum, kind) => sum + tick[kind], 0))
    const total = (kind) => as.count(ticks.reduce((sum, tick) => sum + tick[kind], 0))
    set(svg, "aria-label", ticks.length
      ? `Simulated orders sent in the last ${ticks.length} ticks: ${total("completed")} completed, ${total("pending")} pending, ${total("failed")} failed. Most in one tick: ${Math.max(...sums)}.`
      : "Simulated orders sent each tick: none yet.")
    if (!width) return
    const tall = Math.max(4, ...sums)
    if (tall > scale.at(-1) || tall < scale.at(-1) * 0.4) scale = ticksFor(0, tall, true)
    const left = 26
    const step = (width - left) / PLACES
    const y = (value) => HEAD + (height - HEAD - FOOT) * (1 - value / scale.at(-1))
    grid.forEach(([line, label], i) => {
      const on = i < scale.length
      set(line, "visibility", on ? null : "hidden")
      put(label, on && ticks.length ? as.count(scale[i]) : "")
      if (!on) return
      const at = Math.round(y(scale[i])) + 0.5
      for (const [name, value] of [["x1", left], ["x2", width], ["y1", at], ["y2", at]]) set(line, name, value)
      set(label, "x", left - 8)
      set(label, "y", at)
    })
    svg.classList.toggle("still", what === "back" || what === "size")
    const kept = keep(ticks)
    for (const bar of bars) if (!kept.includes(bar)) {
      bar.at = null
      for (const rect of bar.parts) set(rect, "height", 0)
    }
    const from = PLACES - ticks.length
    kept.forEach((bar, i) => {
      const x = left + (from + i) * step
      if (bar.fresh) {
        bar.group.style.transition = "none"
        bar.group.style.transform = `translateX(${x}px)`
        void bar.group.getBoundingClientRect()
        bar.group.style.transition = ""
        bar.fresh = false
      }
      bar.group.style.transform = `translateX(${x}px)`
      let sum = 0
      KINDS.forEach((kind, k) => {
        const value = ticks[i][kind]
        const bottom = y(sum)
        const top = y(sum + value)
        sum += value
        const rect = bar.parts[k]
        for (const [name, v] of [["x", step * 0.12], ["width", Math.max(1, step * 0.76)], ["y", top], ["height", Math.max(0, bottom - top - (value ? 1 : 0))]]) set(rect, name, v.toFixed(1))
      })
    })
    for (const [place, label] of times) {
      const tick = ticks[place - from]
      put(label, tick && (width > 420 || place === 0 || place === 19) ? as.clock(tick.at, zone) : "")
      set(label, "x", place === 0 ? left : left + (place + (place === 19 ? 1 : 0.5)) * step)
      set(label, "y", height - 4)
      set(label, "text-anchor", place === 0 ? "start" : place === 19 ? "end" : "middle")
    }
  }

  const resize = new ResizeObserver(() => paint("size"))
  resize.observe(svg)
  return { paint, end: () => resize.disconnect() }
})
