// How figures, times and ages are written.

const MINUS = "\u2212"
const cache = new Map()

function kept(key, build) {
  if (!cache.has(key)) cache.set(key, build())
  return cache.get(key)
}

const plain = (digits) => kept(`n${digits}`, () =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }))

const signed = (text) => text.replace("-", MINUS)

function moneyFormat(code, digits) {
  return kept(`m${code}${digits}`, () => {
    try {
      return new Intl.NumberFormat("en-US", {
        style: "currency", currency: code, currencyDisplay: "narrowSymbol",
        minimumFractionDigits: digits, maximumFractionDigits: digits,
      })
    } catch {
      return { format: (value) => `${code} ${plain(digits).format(value)}` }
    }
  })
}

const SCALES = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]

export function money(currency, value) {
  const digits = Math.abs(value) > 1e7 ? 0 : currency.digits
  return signed(moneyFormat(currency.code, digits).format(value))
}

export function wholeMoney(currency, value) {
  return signed(moneyFormat(currency.code, 0).format(value))
}

export function shortMoney(currency, value) {
  for (const [size, letter] of SCALES) {
    const scaled = value / size
    if (Math.abs(scaled) < 1 || (letter === "k" && Math.abs(value) < 10000)) continue
    const digits = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2
    const text = moneyFormat(currency.code, digits).format(scaled).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")
    return signed(text) + letter
  }
  return wholeMoney(currency, value)
}

// A long id by its beginning and its end; the whole belongs in a title.
export const shortId = (id) => (id.length <= 14 ? id : `${id.slice(0, 6)}\u2026${id.slice(-6)}`)

export const count = (value) => signed(plain(0).format(value))
export const rate = (value) => `${signed(plain(2).format(value))}%`
export const share = (value) => `${signed(plain(1).format(value))}%`

export function figure(unit, currency, value) {
  if (value === null || value === undefined) return "n/a"
  if (unit === "money") return money(currency, value)
  return unit === "percent" ? rate(value) : count(value)
}

// A change as a chip: its words, its arrow, and whether it is good news.
export function change(f, good) {
  if (!f || f.as === "none") return { text: "n/a", arrow: null, mood: "none" }
  if (f.as === "new") return { text: "new", arrow: null, mood: "none" }
  const points = f.as === "points"
  const text = points ? `${plain(2).format(Math.abs(f.change))} pp` : `${plain(1).format(Math.abs(f.change))}%`
  if (f.as === "flat" || f.change === null || /^0[.0]*[% ]/.test(text)) return { text: "no change", arrow: null, mood: "none" }
  const up = f.change > 0
  const mood = !good ? "none" : up === (good === "up") ? "good" : "bad"
  return { text, arrow: up ? "up" : "down", mood }
}

// Why a change has no number, for who points at it.
export function whyNoChange(f) {
  if (f?.as === "new") return "There was nothing to compare with in the time before."
  return !f || f.as === "none" ? "One of the two figures has no value, so there is no change to tell." : null
}

export function spokenChange(f) {
  const chip = change(f, null)
  if (!chip.arrow) return chip.text
  return `${chip.arrow} ${chip.text.replace("%", " percent").replace(" pp", " percentage points")}`
}

function clockFormat(zone, options) {
  return kept(`c${zone}${JSON.stringify(options)}`, () => {
    try {
      return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options })
    } catch {
      return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", hourCycle: "h23", ...options })
    }
  })
}

const at = (when) => (when instanceof Date ? when : new Date(when))

export const clock = (when, zone) =>
  clockFormat(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at(when))
export const minute = (when, zone) => clockFormat(zone, { hour: "2-digit", minute: "2-digit" }).format(at(when))
export function day(when, zone) {
  const parts = Object.fromEntries(clockFormat(zone, { weekday: "short", day: "numeric", month: "short", year: "numeric" })
    .formatToParts(at(when)).map((part) => [part.type, part.value]))
  return `${parts.weekday} ${parts.day} ${parts.month} ${parts.year}`
}

// A moment beside which a day is already told: its time, and its date first where it is of another day.
export function moment(when, zone, today) {
  const [date, other] = [day(when, zone), day(today, zone)]
  return date === other ? clock(when, zone) : `${date.slice(-4) === other.slice(-4) ? date.slice(0, -5) : date}, ${clock(when, zone)}`
}

// The same in the width of a time: of another day, the date alone.
export function dateOrClock(when, zone, today) {
  const date = day(when, zone)
  return date === day(today, zone) ? clock(when, zone) : date.split(" ").slice(1, 3).join(" ")
}

export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`
}

export const age = (seconds) => (seconds < 60 ? `${span(seconds)} ago` : `${span(seconds)} old`)
