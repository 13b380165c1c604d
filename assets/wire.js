// The one socket of a page: every part of the page shares it, and it closes when the last part leaves.

const WAITS = [1, 2, 4, 8, 16]
const QUIET = 15
const OLD = 300
const RETRY_WITHOUT_SOCKET = 60

const listeners = new Set()
let view = null
let socket = null
let timer = 0
let pulse = 0
let everOpened = false

// What every part paints from. `phase`: opening, live, waiting (for the next try), offline, none (no socket can be had).
export const state = {
  phase: "opening", tries: 0, retryAt: 0, heardAt: 0, tickAt: 0, since: null, live: null, curves: null,
}

const now = () => performance.now() / 1000

export function join(listener) {
  listeners.add(listener)
  if (!socket && view && !timer) open()
  return () => {
    listeners.delete(listener)
    if (!listeners.size) close()
  }
}

// Say what this page looks at; another origin is another subscription.
export function look(wanted) {
  const same = view && view.origin === wanted.origin && view.topics === wanted.topics
  view = { ...wanted }
  if (same) return
  state.live = null
  state.curves = null
  close()
  if (listeners.size) open()
}

// What the page's script handed over: it is painted before the socket answers, and when it is newer.
export function offer(live, curves) {
  if (!live) return
  const newer = !state.live || live.snapshot.computedAt > state.live.snapshot.computedAt
  if (!newer) return
  state.live = live
  if (curves) state.curves = curves
  tell("live")
  // The server answers again, as the page itself shows: no need to wait for a click.
  if (state.phase === "offline") reconnect()
}

export function reconnect() {
  clearTimeout(timer)
  timer = 0
  state.tries = 0
  turn("opening")
  open()
}

export const secondsSinceTick = () => (state.tickAt ? now() - state.tickAt : null)
export const secondsToRetry = () => Math.max(0, Math.ceil(state.retryAt - now() - 0.01))
// Minutes without any news, whatever the reason: the figures are old.
export const silent = () => state.tickAt > 0 && now() - state.tickAt > OLD
export const quiet = () => state.phase === "live" && now() - state.tickAt > QUIET

function tell(what) {
  for (const listener of [...listeners]) listener(what)
}

function turn(phase) {
  state.phase = phase
  tell("link")
}

function open() {
  clearTimeout(timer)
  timer = 0
  if (socket || !listeners.size) return
  const url = new URL("ws/metrics", document.baseURI)
  url.protocol = url.protocol.replace("http", "ws")
  url.search = new URLSearchParams({ topics: view.topics, origin: view.origin })
  if (view.ticket) url.searchParams.set("ticket", view.ticket)
  let mine
  try {
    mine = new WebSocket(url)
  } catch {
    return lost(null)
  }
  socket = mine
  mine.onmessage = (event) => {
    if (socket !== mine) return
    const message = JSON.parse(event.data)
    state.heardAt = now()
    if (message.type !== "live" && message.type !== "curves") return
    state[message.type] = message.data
    if (message.type === "live") state.tickAt = state.heardAt
    if (state.phase !== "live") {
      everOpened = true
      state.tries = 0
      turn("live")
    }
    tell(message.type)
  }
  mine.onclose = () => lost(mine)
  clearInterval(pulse)
  pulse = setInterval(beat, 5000)
}

// A connection can die without a word: ask after silence, and give it up if nothing comes back.
function beat() {
  if (!socket || socket.readyState !== WebSocket.OPEN) return
  const silent = now() - state.heardAt
  if (state.heardAt && silent > 2 * QUIET) socket.close()
  else if (silent > 4) socket.send('{"type":"ping"}')
}

function lost(which) {
  if (which !== null && socket !== which) return
  socket = null
  clearInterval(pulse)
  if (!listeners.size) return
  if (state.phase === "live") state.since = new Date()
  state.since ??= new Date()
  if (!everOpened && state.tries >= 2) {
    timer = setTimeout(open, RETRY_WITHOUT_SOCKET * 1000)
    return turn("none")
  }
  if (state.tries >= WAITS.length) return turn("offline")
  const wait = WAITS[state.tries++]
  state.retryAt = now() + wait
  timer = setTimeout(open, wait * 1000)
  turn("waiting")
}

function close() {
  clearTimeout(timer)
  clearInterval(pulse)
  timer = 0
  const old = socket
  socket = null
  old?.close()
  Object.assign(state, { phase: "opening", tries: 0, retryAt: 0, heardAt: 0, tickAt: 0, since: null })
}

addEventListener("online", () => (state.phase === "offline" || state.phase === "waiting") && reconnect())
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.phase === "offline") reconnect()
})
