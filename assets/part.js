// What every part of a page has in common: it is made once, joins the wire, paints what is newest, and leaves cleanly.

import { icons } from "./dom.js"
import * as wire from "./wire.js"

// build(root, self) makes a part and returns { paint(what), tick?() }; `self` holds the newest data and setters.
export function part(build) {
  const made = new WeakMap()
  return function mount(component) {
    const { data, parentElement, setStateValue, setTriggerValue } = component
    const host = parentElement.host ?? parentElement
    if (!host.isConnected) return () => {}
    let self = made.get(parentElement)
    if (!self) {
      self = { data, wire, setStateValue, setTriggerValue }
      made.set(parentElement, self)
      icons(parentElement)
      self.part = build(parentElement, self)
      const paint = (what) => !document.hidden && self.part.paint(what)
      const back = () => !document.hidden && self.part.paint("back")
      document.addEventListener("visibilitychange", back)
      const ticking = self.part.tick ? setInterval(() => !document.hidden && self.part.tick(), 1000) : 0
      if (data.view) {
        wire.look(data.view)
        wire.offer(data.live, data.curves)
      }
      const leave = data.view ? wire.join(paint) : () => {}
      self.leave = () => {
        leave()
        clearInterval(ticking)
        document.removeEventListener("visibilitychange", back)
        self.part.end?.()
        made.delete(parentElement)
      }
    } else {
      Object.assign(self, { data, setStateValue, setTriggerValue })
      if (data.view) {
        wire.look(data.view)
        wire.offer(data.live, data.curves)
      }
    }
    colours(host, parentElement)
    self.part.paint("data")
    return self.leave
  }
}

// Streamlit hands the series' colours over as one list; CSS needs them one by one.
function colours(host, root) {
  const listed = getComputedStyle(host).getPropertyValue("--st-chart-categorical-colors").split(",")
  const top = root.querySelector(".room")
  listed.slice(0, 8).forEach((colour, i) => top?.style.setProperty(`--series-${i + 1}`, colour.trim()))
}
