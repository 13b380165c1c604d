// A dashboard's grid: its tiles, what they show, and the banners above them. Arranging is `arrange.js`.

import { find, put, show } from "../dom.js"
import { clock, count, minute } from "../format.js"
import { part } from "../part.js"
import { Arranging } from "./arrange.js"
import { when } from "./glyph.js"
import * as loop from "./loop.js"
import { mode as themeMode, ready } from "./paint.js"
import { plotly } from "./plotly.js"
import { inReadingOrder } from "./place.js"
import { Tile } from "./tile.js"

const OPENS = new Set(["explain", "tune"])
const DIALOG = "[data-testid='stDialog']"

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  const tiles = new Map()
  let document_ = null
  let theme = null
  let key = ""
  let coloured = false
  let done = -1
  let asked = false
  let newer = null

  const board = {
    loop,
    room: is("room"),
    holder: is("tiles"),
    tiles,
    get mode() { return self.data.mode },
    get currency() { return self.data.currency },
    get zone() { return self.data.zone },
    get explains() { return Boolean(self.data.explains) && self.data.mode === "view" },
    get picks() { return self.data.mode === "view" },
    get document() { return document_ },
    get data() { return self.data },
    act: (what, more = {}) => {
      if (OPENS.has(what)) returning(root.activeElement)
      self.setTriggerValue("act", { what, ...more })
    },
    label: (kind) => self.data.kinds?.find((one) => one.name === kind)?.label ?? kind.replaceAll("_", " "),
    scale: () => (self.data.mode === "kiosk" ? 1.4 : 1),
    revision: (id) => `${id} ${key}`,
    filtered: () => Object.keys(self.data.state.where ?? {}).length > 0,
    pause: (why, id) => self.data.mode === "view" && loop.pause(why, id),
    resume: (id, keep) => loop.state.paused && (keep || loop.state.paused.widget === id) && loop.resume(),
    painted() {},
    say: (words) => put(is("spoken"), words),
    lay,
  }
  const arranging = new Arranging(board, is("bar"))
  is("connect").onclick = () => board.act("data")
  is("arrange").onclick = () => board.act("arrange")
  when(board.room)

  // The tiles as the document has them: what is there stays, in place.
  function lay(wanted) {
    document_ = wanted
    const ids = new Set(wanted.widgets.map((widget) => widget.id))
    for (const [id, tile] of tiles) {
      if (ids.has(id)) continue
      tile.end()
      tiles.delete(id)
    }
    inReadingOrder(wanted.widgets).forEach((widget, order) => {
      let tile = tiles.get(widget.id)
      if (!tile) {
        tiles.set(widget.id, (tile = new Tile(widget.id, board)))
        board.holder.append(tile.node)
        const known = loop.state.widgets.get(widget.id)
        if (known && coloured) tile.show(known)
      }
      tile.settle(widget, order)
    })
    const none = !wanted.widgets.length
    show(is("blank"), none)
    show(is("arrange"), self.data.may_arrange && self.data.mode === "view")
    put(is("blankwords"), self.data.mode === "arrange" ? "Add one above." : self.data.may_arrange ? "Arrange it to add the first one." : "Whoever it belongs to has not added one.")
  }

  function answer(ids) {
    if (!coloured) return
    for (const id of ids) if (!arranging.owns(id)) tiles.get(id)?.show(loop.state.widgets.get(id))
    banners()
    // Somebody saved another version: the page reads it, and what stays the same stays in place.
    const { version } = loop.state.frame
    if (self.data.mode !== "view" || version <= self.data.version || version === newer) return
    newer = version
    board.act("newer")
  }

  function banners() {
    const { state } = loop
    const { frame, denied } = state
    board.room.classList.toggle("stale", Boolean(frame?.stale) || loop.silent())
    if (denied) {
      show(is("stale"), true)
      put(is("stalewords"), denied.why)
      if (denied.status === 401 && self.data.ticket === denied.ticket && done !== denied.ticket) {
        done = denied.ticket
        board.act("ticket")
      }
      return
    }
    const offline = state.phase === "offline"
    if (!frame) {
      show(is("stale"), offline)
      return put(is("stalewords"), "The server does not answer. The figures come as soon as it does.")
    }
    const { origin, stale, instant } = frame
    const counts = Object.values(origin.counts ?? {})
    const made = origin.made_up && (!counts.length || counts.some((n) => n > 0))
    board.room.classList.toggle("madeup", Boolean(made))
    show(is("madeup"), made && self.data.mode === "view")
    show(is("connect"), self.data.may_connect)
    put(is("madeupname"), `${origin.watermark ?? "Demo data"}.`)
    put(is("madeupwords"), madeUp(origin))
    show(is("stale"), stale || offline || loop.silent())
    const through = clock(instant.asOf, self.data.zone)
    put(is("stalewords"), stale
      ? `${stale.why} These are the figures of ${through}; they go on by themselves when it answers. Nothing acknowledged is lost.`
      : offline ? `The server does not answer since ${minute(state.since, self.data.zone)}. These are the figures of ${through}; they go on by themselves.`
      : `No update has come since ${through}. The last good figures stay until one does.`)
  }

  function paint(what) {
    const { data } = self
    board.room.dataset.mode = data.mode
    board.room.classList.toggle("frozen", Boolean(data.beside))
    const before = key
    key = JSON.stringify({ ...data.state, refresh: 0 })
    if (before && before !== key) for (const tile of tiles.values()) tile.whole()
    loop.look({ id: data.id, version: data.version, state: data.state, ticket: data.ticket, refresh: data.state.refresh ?? 0, first: data.first })
    if (data.settled === false && !asked) {
      // The address could not be written yet: the page is drawn once more.
      asked = true
      board.act("settle")
    }
    arranging.turn()
    if (!arranging.on) lay(data.document)
    const now = themeMode(board.room)
    if (theme && theme !== now && coloured) for (const tile of tiles.values()) tile.recolour()
    theme = now
    banners()
  }

  // Nothing is drawn without its colours; a server that is away for a moment is asked again.
  let again = 0
  function colour() {
    ready().then(() => {
      coloured = true
      for (const [id, known] of loop.state.widgets) if (!arranging.owns(id)) tiles.get(id)?.show(known)
      banners()
      plotly().catch(() => {})
    }, () => (again = setTimeout(colour, 2000)))
  }
  colour()

  const leave = loop.join((what, ids) => {
    if (what === "answer") answer(ids)
    else {
      banners()
      for (const tile of tiles.values()) tile.paused()
    }
  })

  return {
    paint,
    tick: banners,
    end() {
      clearTimeout(again)
      arranging.end()
      leave()
      for (const tile of tiles.values()) tile.end()
      tiles.clear()
    },
  }
})

// Streamlit's dialogs do not know what in a component opened them: when one has gone, the focus goes back there.
function returning(from) {
  if (!from) return
  let seen = false
  const watch = new MutationObserver(() => {
    if (document.querySelector(DIALOG)) seen = true
    else if (seen) {
      watch.disconnect()
      setTimeout(() => from.isConnected && [null, document.body].includes(document.activeElement) && from.focus(), 50)
    }
  })
  watch.observe(document.body, { childList: true, subtree: true })
  setTimeout(() => seen || watch.disconnect(), 30_000) // none came: whoever may not is told so on the page
}

function madeUp({ view, counts = {} }) {
  // Whoever sees a part of the data is not told how much there is of everything.
  if (!Object.keys(counts).length) return "What is counted here is generated or simulated, and marked."
  const made = ["demo", "sim"].reduce((sum, name) => sum + (counts[name] ?? 0), 0)
  if (view !== "real") return `${count(made)} generated and simulated records are counted here, beside the real ones.`
  const what = counts.demo ? (counts.sim ? "generated or simulated" : "generated") : "simulated"
  return `All ${count(made)} records here are ${what} and marked. The first real record switches every view to real data.`
}
