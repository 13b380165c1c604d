// The event feed: six lines, newest first. It holds still while somebody points at it or reads it by keyboard.

import { find, icon, make, put, set, show } from "./dom.js"
import * as as from "./format.js"

const LINES = 6
const WORDS = {
  order_completed: ["completed", (e, id) => [`Order ${id(e.order ?? "")} completed`, e.text]],
  order_placed: ["pending", (e, id) => [`Order ${id(e.order ?? "")} pending`, e.text]],
  order_failed: ["failed", (e, id) => [`Order ${id(e.order ?? "")} failed`, e.text]],
  refund: ["refund", (e, id) => [`Refund on order ${id(e.order ?? "")}`, e.text]],
  content_view: ["view", (e) => ["Content view", e.content]],
  activity: ["person", (e) => ["User active", e.feature ?? e.content ?? e.user]],
}

const whole = (id) => id

// The mark, what happened, and more about it; `id` writes the ids of orders.
function words(event, id) {
  const known = WORDS[event.kind]
  if (known) return [known[0], ...known[1](event, id)]
  const name = event.kind.replaceAll("_", " ")
  return ["event", name.charAt(0).toUpperCase() + name.slice(1), event.text ?? event.content ?? event.feature ?? event.user]
}

export class Feed {
  constructor(root) {
    this.is = (name) => find(root, name)
    this.lines = Array.from({ length: LINES }, () => line(this.is("feed")))
    this.newest = null
    this.held = false
    this.pending = null
    const card = this.is("feedcard")
    const hold = () => (this.held = true)
    const release = () => {
      if (card.matches(":hover") || card.matches(":focus-within")) return
      this.held = false
      this.flush()
    }
    this.is("feed").addEventListener("pointerenter", hold)
    card.addEventListener("pointerleave", release)
    this.is("waitingevents").onclick = () => this.flush()
  }

  end() {
    this.pending = null
  }

  show(live, zone, animate) {
    const next = { live, zone, animate }
    const fresh = this.newest === null ? 0 : live.recent.findIndex((event) => event.id === this.newest)
    if (this.held && fresh !== 0) {
      this.pending = next
      const n = fresh < 0 ? live.recent.length : fresh
      put(this.is("waitingevents"), n === 1 ? "1 new event" : `${n} new events`)
      show(this.is("waitingevents"), n)
      return
    }
    this.paint(next)
  }

  flush() {
    if (this.pending) this.paint({ ...this.pending, animate: true })
    this.pending = null
    show(this.is("waitingevents"), false)
  }

  paint({ live, zone, animate }) {
    const events = live.recent.slice(0, LINES)
    const known = new Set(this.shown ?? [])
    put(this.is("perminute"), `${as.count(live.perMinute)} a minute`)
    show(this.is("feed"), events.length)
    show(this.is("noevents"), !events.length)
    this.lines.forEach((it, i) => {
      const event = events[i]
      show(it.node, event)
      if (!event) return
      const [mark, what, more] = words(event, as.shortId)
      const place = [event.channel, event.region].filter(Boolean).join(" \u00b7 ")
      put(it.time, as.dateOrClock(event.at, zone, live.snapshot.asOf))
      set(it.time, "title", `${as.day(event.at, zone)}, ${as.clock(event.at, zone)}`)
      icon(it.mark, mark)
      it.mark.className = WORDS[event.kind] ? event.kind : "other"
      put(it.what, what)
      put(it.more, more ? ` ${more}` : "")
      set(it.node, "title", [words(event, whole).slice(1).filter(Boolean).join(" "), place].filter(Boolean).join(", "))
      put(it.where, place)
      const amount = event.kind === "refund" && event.amount ? -Math.abs(event.amount) : event.amount
      put(it.amount, amount === null || amount === undefined ? "" : as.money(live.currency, amount))
      it.node.classList.remove("fresh")
      if (animate && this.shown && !known.has(event.id)) {
        void it.node.offsetWidth
        it.node.classList.add("fresh")
      }
    })
    this.shown = live.recent.map((event) => event.id)
    this.newest = live.recent[0]?.id ?? null
  }
}

function line(list) {
  const node = make("li")
  const parts = { node, time: make("span", "time mono"), mark: make("i"), what: make("span"), more: make("span", "muted"), where: make("span", "where small"), amount: make("span", "amount") }
  const middle = make("span", "what")
  middle.append(parts.what, parts.more)
  node.append(parts.time, parts.mark, middle, parts.where, parts.amount)
  list.append(node)
  return parts
}
