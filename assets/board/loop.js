// What a dashboard is painted from: one fetch at a time, no sooner than the last is done, and none while nobody looks.

const WAITS = [1, 2, 4, 8, 16]
const AGAIN = 30 // seconds between tries once it is offline: a screen on the wall comes back by itself
const OLD = 300
const SPREAD = 0.1 // of an interval, so that not all browsers of a wall of screens ask in the same instant

const listeners = new Set()
let looking = null // { id, version, state, ticket, refresh }
let timer = 0
let asking = null
let due = 0

// `phase`: opening, live, waiting (for the next try), offline, off (refresh is off). `frame` is what the newest answer
// says of itself; `widgets` has the newest drawing or error of each widget.
export const state = {
  phase: "opening", tries: 0, retryAt: 0, since: null, heardAt: 0, began: 0, frame: null, widgets: new Map(), paused: null, denied: null, reading: false,
}

const now = () => performance.now() / 1000
const kept = new Map() // widget id -> hash

export function join(listener) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (!listeners.size) stop()
  }
}

// Say which dashboard, and under which period and filters; `first` is the answer the page's script already has.
export function look(wanted) {
  const before = looking
  looking = wanted
  const key = JSON.stringify([wanted.id, wanted.version, wanted.state])
  const same = before && before.key === key
  looking.key = key
  if (before && before.id !== wanted.id) forget()
  if (same) {
    if (before.refresh !== wanted.refresh) wait()
    if (before.ticket !== wanted.ticket && state.denied) refresh()
    return
  }
  state.paused = null
  if (wanted.first) take(wanted.first)
  if (wanted.first) wait()
  else {
    // What is shown answers another question than the controls ask, until this is answered.
    state.reading = true
    tell("link")
    refresh()
  }
}

// Now, and the newest there is: somebody is waiting for it.
export function refresh() {
  clearTimeout(timer)
  state.tries = 0
  ask(true)
}

// Nothing new is shown until somebody resumes: what is looked at stays what it is.
export function pause(why, widget) {
  state.paused = { at: new Date(), why, widget }
  clearTimeout(timer)
  asking?.abort()
  asking = null
  tell("link")
}

export function resume() {
  if (!state.paused) return
  state.paused = null
  tell("link")
  refresh()
}

export const secondsSince = () => (state.heardAt ? now() - state.heardAt : null)
export const secondsToRetry = () => Math.max(0, Math.ceil(state.retryAt - now()))
export const secondsAsking = () => (asking ? now() - state.began : 0)
// Several refreshes have been missed, whatever the reason.
export const late = () => state.heardAt > 0 && every() > 0 && !state.paused && now() - state.heardAt > Math.max(15, 2 * every())
export const silent = () => state.heardAt > 0 && !state.paused && every() > 0 && now() - state.heardAt > OLD
export const every = () => looking?.refresh ?? 0

// The picture of one widget as it would be with these settings; it is not kept anywhere.
export async function preview(widget, from = looking) {
  const answer = await post(`api/v1/dashboards/${encodeURIComponent(from.id)}/preview`, { widget, state: from.state }, from.ticket)
  if (!answer.ok) throw new Error(await trouble(answer))
  const { drawing, error } = await answer.json()
  if (error) throw new Error(error.message)
  return drawing
}

function post(path, body, ticket, signal) {
  const headers = { "Content-Type": "application/json" }
  if (ticket) headers["X-Ticket"] = ticket
  return fetch(new URL(path, document.baseURI), { method: "POST", headers, body: JSON.stringify(body), signal })
}

async function trouble(answer) {
  try {
    const { error } = await answer.json()
    return error.message
  } catch {
    return `The server answered ${answer.status}.`
  }
}

async function ask(newest = false) {
  if (!looking || document.hidden || state.paused || !listeners.size) return
  asking?.abort()
  const mine = (asking = new AbortController())
  const from = looking
  state.began = now()
  due = now() + every()
  try {
    const path = `api/v1/dashboards/${encodeURIComponent(from.id)}/data`
    const answer = await post(path, { state: from.state, have: Object.fromEntries(kept), newest }, from.ticket, mine.signal)
    if (mine !== asking) return
    if (!answer.ok) {
      if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) {
        asking = null
        state.denied = { status: answer.status, why: await trouble(answer), ticket: from.ticket }
        return turn("denied")
      }
      throw new Error(await trouble(answer))
    }
    const body = await answer.json()
    if (mine !== asking) return
    asking = null
    take(body)
    wait()
  } catch (error) {
    if (mine !== asking || error.name === "AbortError") return
    asking = null
    lost()
  }
}

function take(body) {
  const changed = []
  for (const [id, told] of Object.entries(body.widgets)) {
    if (!told.drawing && !told.error) continue
    kept.set(id, told.hash)
    // An error keeps the last good picture behind it.
    const before = state.widgets.get(id)
    state.widgets.set(id, told.error ? { drawing: before?.drawing, error: told.error } : { drawing: told.drawing })
    if (told.error) kept.delete(id)
    changed.push(id)
  }
  const { widgets: _, ...frame } = body
  // The server says when the interval of all viewers begins.
  if (body.next) due = now() + body.next + SPREAD * Math.random() * every()
  state.frame = frame
  state.heardAt = now()
  Object.assign(state, { tries: 0, since: null, denied: null, reading: false, phase: every() ? "live" : "off" })
  tell("answer", changed)
  tell("link")
}

// The next one is due an interval after the last began; what is late by then is left out, never made up for.
function wait() {
  clearTimeout(timer)
  if (state.phase === "live" || state.phase === "off") state.phase = every() ? "live" : "off"
  tell("link")
  if (!every() || state.paused || !listeners.size) return
  if (!due) due = now() + every() * (1 - SPREAD * Math.random())
  if (due <= now()) due = now() + every() - ((now() - due) % every())
  timer = setTimeout(() => ask(), (due - now()) * 1000)
}

function lost() {
  state.since ??= new Date()
  const offline = state.tries >= WAITS.length
  const seconds = offline ? AGAIN : WAITS[state.tries++]
  state.retryAt = now() + seconds
  clearTimeout(timer)
  timer = setTimeout(() => ask(), seconds * 1000)
  turn(offline ? "offline" : "waiting")
}

function turn(phase) {
  state.phase = phase
  tell("link")
}

function tell(what, ids) {
  for (const listener of [...listeners]) listener(what, ids)
}

function stop() {
  clearTimeout(timer)
  asking?.abort()
  asking = null
  looking = null
  forget()
}

function forget() {
  kept.clear()
  state.widgets.clear()
  due = 0
  Object.assign(state, { phase: "opening", tries: 0, since: null, heardAt: 0, frame: null, paused: null, denied: null, reading: false })
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(timer)
    asking?.abort()
    asking = null
  } else if (looking && !state.paused && (every() || !state.frame) && (due <= now() || state.phase !== "live")) refresh()
  else if (looking && !state.paused) wait()
})
addEventListener("online", () => (state.phase === "offline" || state.phase === "waiting") && refresh())
