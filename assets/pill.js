// The connection pill: live, reconnecting, offline or without a socket; and a link to exactly this view.

import { find, icon, put, set, show } from "./dom.js"
import { age, minute, span } from "./format.js"
import { part } from "./part.js"

const EVERY = 10

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  const { wire } = self
  let spoken = ""
  let failed = null
  let turned = null

  is("again").onclick = () => wire.reconnect()
  is("copy").onclick = async () => {
    const done = await copy(link(self.data.link))
    put(is("copied"), done ? "Copied" : "Copy failed")
    icon(is("mark"), done ? "check" : "failed")
    setTimeout(() => {
      put(is("copied"), "Copy link")
      icon(is("mark"), "link")
    }, 2000)
  }

  function standing() {
    const { state } = wire
    const stale = state.live?.stale
    const since = minute(state.since ?? new Date(), self.data.zone)
    switch (state.phase) {
      case "live": {
        const quiet = wire.secondsSinceTick()
        if (stale) return ["amber", "Stale", `${span((Date.now() - new Date(stale.since)) / 1000)} old`, "The figures are stale"]
        if (wire.quiet()) return ["amber", "No update", `for ${span(quiet)}`, "No update has come for a while"]
        return ["live", "Live", age(quiet), "Live"]
      }
      case "waiting":
        return ["amber", "Reconnecting", `try ${state.tries} of 5 in ${wire.secondsToRetry()} s`, "Reconnecting"]
      case "offline":
        return ["red", `Offline since ${since}`, "", `Offline since ${since}`]
      case "none":
        return ["off", `Refreshing every ${EVERY} s`, "no socket here", `Refreshing every ${EVERY} seconds, no socket here`]
      default:
        return ["off", "Connecting", "", ""]
    }
  }

  function paint() {
    const [mood, word, more, sentence] = standing()
    set(is("pill"), "data-mood", mood)
    put(is("word"), word)
    put(is("age"), more)
    show(is("age"), more)
    show(is("again"), wire.state.phase === "offline")
    show(is("copy"), self.data.link)
    if (sentence && sentence !== spoken) {
      // The first "Live" is no news; what changes later is said once.
      if (spoken || sentence !== "Live") put(is("spoken"), sentence)
      spoken = sentence
    }
    const watermark = wire.state.live?.origin.watermark ?? ""
    if (self.data.link && wire.state.live && watermark !== self.data.watermark && watermark !== turned) {
      turned = watermark
      self.setTriggerValue("turned", watermark || "real")
    }
    const fails = wire.state.phase === "none"
    if (self.data.fallback && fails !== (failed ?? self.data.fallback.failed)) {
      failed = fails
      self.setStateValue("socket_failed", fails)
    }
  }

  return { paint, tick: paint }
})

// Everything the view depends on is spelled out, so that the receiver sees the same whatever the defaults are there.
function link(params) {
  const url = new URL(location.href)
  url.hash = ""
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url.href
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement("textarea")
    area.value = text
    area.style.position = "fixed"
    area.style.opacity = "0"
    document.body.append(area)
    area.select()
    const done = document.execCommand("copy")
    area.remove()
    return done
  }
}
