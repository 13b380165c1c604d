// The upper part of the live page, painted from the wire.

import { Counter } from "./counter.js"
import { dayCurve } from "./curves.js"
import { find, icon, make, put, set, show } from "./dom.js"
import * as as from "./format.js"
import { part } from "./part.js"
import { copy } from "./pill.js"

const SPEAK_EVERY = 30_000

// Tight places: whole units below a million, three digits above.
const tight = (currency, value) => (Math.abs(value) < 1e6 ? as.wholeMoney(currency, value) : as.shortMoney(currency, value))

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  const { wire } = self
  const today = new Counter(is("today"))
  const current = new Counter(is("current"))
  let spokenAt = 0
  let first = true
  let wasSilent = false

  is("connect").onclick = () => self.setTriggerValue("go", "connect")
  is("fill").onclick = () => self.setTriggerValue("go", "fill")
  is("copycurl").onclick = async () => {
    const done = await copy(is("curl").textContent)
    put(is("curlcopied"), done ? "Copied" : "Select and copy it")
    if (done) icon(is("curlmark"), "check")
  }

  function instant(live, zone) {
    const line = is("instant")
    if (!line.firstChild) {
      line.append("Data through ", make("b"), " \u00b7 computed ", make("b"), make("span", "far"), make("span", "zone"), make("span", "far"))
    }
    const [through, computed] = line.querySelectorAll("b")
    const [date, where, number] = line.querySelectorAll("span")
    const { snapshot } = live
    put(through, snapshot.dataThrough ? as.moment(snapshot.dataThrough, zone, snapshot.asOf) : "nothing yet")
    put(computed, as.clock(snapshot.computedAt, zone))
    put(date, ` \u00b7 ${as.day(snapshot.asOf, zone)},`)
    put(where, zone === live.zone ? ` ${zone}` : ` ${zone} (days cut in ${live.zone})`)
    put(number, ` \u00b7 ${snapshot.seq ? `snapshot ${snapshot.seq}` : "between two snapshots"}`)
  }

  function banners(live, zone) {
    const { origin, stale } = live
    const none = nothing(live)
    const { limited } = self.data
    show(is("empty"), none)
    if (none && limited) {
      put(is("emptyname"), "Nothing is recorded yet in the part you see")
      put(is("emptywords"), `${limited}. The figures below move as soon as something arrives there.`)
    }
    show(is("curl"), !limited)
    show(is("emptysteps"), !limited)
    show(is("fill"), self.data.may_connect)
    if (none) put(is("curl"), self.data.curl.replace("ADDRESS", new URL(".", document.baseURI).href.replace(/\/$/, "")))
    is("room").classList.toggle("madeup", Boolean(origin.made_up) && !none)
    show(is("madeup"), origin.watermark && !none)
    put(is("madeupname"), origin.watermark ? `${origin.watermark}.` : "")
    put(is("madeupwords"), madeUp(origin))
    show(is("connect"), origin.view === "real" && self.data.may_connect)
    const silent = wire.silent()
    wasSilent = silent
    is("room").classList.toggle("stale", Boolean(stale) || silent)
    show(is("stale"), stale || silent)
    const through = as.clock(live.snapshot.asOf, zone)
    put(is("stalewords"), stale
      ? `${stale.why} These are the figures of ${through}; they go on by themselves when it answers. Nothing acknowledged is lost.`
      : `No update has come since ${through}. The last good figures stay until one does.`)
  }

  function chip(node, f, good) {
    const { text, arrow, mood } = as.change(f, good)
    if (!node.firstChild) node.append(make("i"), make("span"))
    show(node.firstChild, arrow)
    if (arrow) icon(node.firstChild, arrow)
    put(node.lastChild, text)
    set(node, "data-mood", mood)
  }

  function revenue(live, curves, zone, roll) {
    const { currency, periods } = live
    const now = periods.today
    today.show(as.money(currency, live.revenue.today), live.revenue.today, roll)
    chip(is("todaychip"), now.figures.revenue, "up")
    put(is("against"), against(now, zone, live.zone))
    put(is("week"), as.money(currency, live.revenue.thisWeek))
    put(is("month"), as.money(currency, live.revenue.thisMonth))
    put(is("total"), as.money(currency, live.revenue.total))
    chip(is("weekchip"), periods.week.figures.revenue, "up")
    chip(is("monthchip"), periods.month.figures.revenue, "up")
    for (const name of ["week", "month"]) {
      const words = against(periods[name], zone, live.zone)
      put(is(`${name}against`), words)
      set(is(`${name}against`).parentNode, "title", words)
      set(is(`${name}chip`), "title", as.whyNoChange(periods[name].figures.revenue))
    }
    put(is("weekshort"), tight(currency, live.revenue.thisWeek))
    put(is("monthshort"), tight(currency, live.revenue.thisMonth))
    put(is("totalshort"), tight(currency, live.revenue.total))
    show(is("pacebox"), curves?.pace)
    if (curves?.pace) {
      const { value, low, high, days, weekday } = curves.pace
      put(is("pace"), as.wholeMoney(currency, value))
      put(is("pacerange"), `${as.shortMoney(currency, low)} to ${as.shortMoney(currency, high)}, ${days} ${weekday}s`)
    }
    if (!curves) return
    const { day } = curves
    dayCurve(is("day"), day, live.snapshot.asOf)
    const begins = new Date(day.start).getTime()
    const length = day.yesterday.length || 86400 / day.step
    ;[0, 0.5, 1].forEach((part, i) => {
      const hour = as.minute(new Date(begins + part * length * day.step * 1000), zone)
      put(is(`hour${i}`), i === 2 && hour === "00:00" ? "24:00" : hour)
    })
    const last = day.today.at(-1) ?? 0
    set(is("day"), "aria-label", `Revenue today to ${as.minute(live.snapshot.asOf, zone)}: ${as.money(currency, last)}. ` +
      `Yesterday ended at ${as.money(currency, day.yesterday.at(-1) ?? 0)}. ${as.spokenChange(now.figures.revenue)} ${now.against ?? ""}.`)
  }

  function users(live, zone, roll) {
    const { activeUsers } = live
    current.show(as.count(activeUsers.current), activeUsers.current, roll)
    put(is("usersday"), as.count(activeUsers.today))
    put(is("peak"), as.count(activeUsers.peak24h))
    put(is("peakat"), activeUsers.peakAt ? `at ${as.minute(activeUsers.peakAt, zone)}` : "")
  }

  function statuses(live) {
    const { transactions } = live
    const all = transactions.completed + transactions.pending + transactions.failed
    put(is("placed"), as.count(transactions.total))
    is("barcompleted").parentNode.classList.toggle("none", !all)
    for (const name of ["completed", "pending", "failed"]) {
      const value = transactions[name]
      put(is(name), as.count(value))
      put(is(`${name}share`), all ? as.share((100 * value) / all) : "n/a")
      const bar = is(`bar${name}`)
      bar.style.flexGrow = value
      set(bar, "data-none", value ? null : "")
    }
  }

  // What a screen reader hears: not every tick, a sentence now and then.
  function speak(live) {
    if (Date.now() - spokenAt < SPEAK_EVERY) return
    spokenAt = Date.now()
    const { currency, revenue: money, activeUsers, periods } = live
    put(is("todayspoken"), `Revenue today, ${as.money(currency, money.today)}, ${as.spokenChange(periods.today.figures.revenue)} ` +
      `${periods.today.against ?? ""}. This week ${as.money(currency, money.thisWeek)}, this month ${as.money(currency, money.thisMonth)}.`)
    put(is("usersspoken"), `${as.count(activeUsers.current)} active users now.`)
  }

  function paint(what) {
    const { live, curves } = wire.state
    if (!live || (what === "link" && !first)) return
    const zone = self.data.zone
    const roll = !first && what !== "back"
    is("room").classList.remove("waiting")
    instant(live, zone)
    banners(live, zone)
    revenue(live, curves, zone, roll)
    users(live, zone, roll)
    statuses(live)
    speak(live)
    first = false
  }

  const resize = new ResizeObserver(() => wire.state.curves && wire.state.live && dayCurve(is("day"), wire.state.curves.day, wire.state.live.snapshot.asOf))
  resize.observe(is("day"))
  return {
    paint,
    tick: () => wire.silent() !== wasSilent && paint("tick"),
    end: () => resize.disconnect(),
  }
})

// Whether there is nothing to show at all. Whoever sees a part of the data is not told how much there is of everything.
export function nothing({ origin, snapshot }) {
  const counts = Object.values(origin.counts)
  return counts.length ? !counts.some((n) => n > 0) : !snapshot.dataThrough
}

// The comparison in words; its time of day is told in the zone of the view.
export function against(period, zone, reporting) {
  if (!period.against) return ""
  if (zone === reporting || !period.compared) return period.against
  return period.against.replace(/\d\d:\d\d$/, as.minute(period.compared.end, zone))
}

function madeUp(origin) {
  const { counts } = origin
  if (!Object.keys(counts).length) return "What is counted here is generated or simulated, and marked."
  const made = ["demo", "sim"].reduce((sum, name) => sum + (counts[name] ?? 0), 0)
  const n = as.count(made)
  if (origin.view !== "real" && !made) return "Generated and simulated records count here too; there are none now."
  if (origin.view !== "real") return `${n} generated and simulated records are counted here, beside the real ones.`
  const what = counts.demo ? (counts.sim ? "generated or simulated" : "generated") : "simulated"
  return `All ${n} records here are ${what} and marked. The first real record switches every view to real data.`
}
