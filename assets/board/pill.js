// How the dashboard is refreshed: live, reconnecting, offline, paused or off.

import { find, put, set, show } from "../dom.js"
import { minute, span } from "../format.js"
import { part } from "../part.js"
import * as loop from "./loop.js"

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  let spoken = ""

  is("again").onclick = () => (loop.state.paused ? loop.resume() : loop.refresh())

  const every = () => (loop.every() < 60 ? `every ${loop.every()} s` : `every ${Math.round(loop.every() / 60)} min`)

  // Mood, word, more, sentence for whoever listens, and what the button does.
  function standing() {
    const { state } = loop
    if (state.paused) return ["paused", `Paused ${minute(state.paused.at, self.data.zone)}`, "", "Refreshing is paused", "Resume"]
    if (self.data.frozen) return ["paused", self.data.frozen, "", ""]
    if (state.reading && loop.secondsAsking() > 0.4) return ["off", "Reading", "", ""]
    switch (state.phase) {
      case "live": {
        const stale = state.frame?.stale
        if (stale) return ["amber", "Stale", `${span((Date.now() - new Date(stale.since)) / 1000)} old`, "The figures are stale"]
        if (loop.late()) return ["amber", "No update", `for ${span(loop.secondsSince())}`, "No update has come for a while"]
        return ["live", "Live", every(), "Live"]
      }
      case "off":
        return ["off", "Refresh is off", "", "Refresh is off", "Refresh"]
      case "waiting":
        return ["amber", "Reconnecting", `try ${state.tries} of 5 in ${loop.secondsToRetry()} s`, "Reconnecting"]
      case "offline": {
        const words = `Offline since ${minute(state.since ?? new Date(), self.data.zone)}`
        return ["red", words, "", words, "Reconnect"]
      }
      case "denied": {
        const words = [404, 410].includes(state.denied?.status) ? "No longer there" : "Not allowed"
        return ["red", words, "", words]
      }
      default:
        return ["off", "Opening", "", ""]
    }
  }

  function paint() {
    const [mood, word, more, sentence, button] = standing()
    set(is("pill"), "data-mood", mood)
    put(is("word"), word)
    put(is("age"), more)
    show(is("age"), more)
    put(is("again"), button ?? "")
    show(is("again"), button)
    if (!sentence || sentence === spoken) return
    if (spoken || sentence !== "Live") put(is("spoken"), sentence)
    spoken = sentence
  }

  const leave = loop.join((what) => what === "link" && paint())
  return { paint, tick: paint, end: leave }
})
