// Arranging: tiles are moved and sized with the pointer, with the keyboard, or on a phone in a list; then saved at once.

import { find, make, put, set, show } from "../dom.js"
import { minute } from "../format.js"
import { Bar } from "./bar.js"
import { Draft } from "./draft.js"
import { button } from "./glyph.js"
import { gridstack } from "./gridstack.js"
import { inReadingOrder, free, passed, settled, stepped } from "./place.js"

const ROW = 73
const GAP = 12
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const smallest = (kind) => kind?.smallest ?? { w: 2, h: 2 }
const places = (document_) => Object.fromEntries(document_.widgets.map((widget) => [widget.id, { ...widget.place }]))
const placed = (document_, where) => ({ ...document_, widgets: document_.widgets.map((widget) => ({ ...widget, place: where[widget.id] })) })
const look = ({ kind, spec, title }) => JSON.stringify([kind, spec, title])

export class Arranging {
  constructor(board, node) {
    Object.assign(this, { board, node, on: false, grid: null, held: null, ordered: 0, shown: new Map(), previews: new Map() })
    this.keys = (event) => this.key(event)
  }

  // In or out of the mode, as the page says; and what the page hands over meanwhile.
  turn() {
    const { data } = this.board
    const wanted = data.mode === "arrange"
    if (wanted && this.on && this.draft.id === data.id && this.newest !== data.version) this.meanwhile(data)
    if (wanted && !this.on) this.begin(data)
    if (!wanted && this.on) this.finish()
    const { order } = data
    if (!wanted || !order || order.n <= this.ordered) return
    this.ordered = order.n
    if (order.widget) this.replace(order.widget)
  }

  begin(data) {
    this.on = true
    this.ordered = data.order?.n ?? 0
    this.newest = data.version
    this.draft = new Draft(data.id, data.version, structuredClone(data.document))
    for (const widget of data.document.widgets) this.shown.set(widget.id, look(widget))
    this.bar ??= new Bar(this.node, {
      add: (kind) => this.add(kind),
      undo: () => this.go(-1),
      redo: () => this.go(1),
      title: (title) => this.step(this.draft.with({ title })),
      discard: () => {
        this.draft.drop()
        this.board.act("discard")
      },
      save: () => this.save(),
    })
    this.list ??= this.listing()
    this.board.room.addEventListener("keydown", this.keys)
    this.show()
    if (this.draft.restored) this.board.say(`Your changes of ${minute(this.draft.restored, this.board.zone)} that were not saved are back.`)
  }

  finish() {
    this.on = false
    this.held = null
    this.ungrid()
    // Saved, it is a newer version now. Left for any other reason, such as a server that was started anew, it is kept.
    if (this.board.data.version > this.newest) this.draft.drop()
    this.board.room.removeEventListener("keydown", this.keys)
    for (const tile of this.board.tiles.values()) {
      tile.node.removeAttribute("style")
      tile.node.removeAttribute("tabindex")
      for (const name of ["left", "top", "width", "height", "position"]) tile.node.style.removeProperty(name)
      tile.node.classList.remove("grid-stack-item", "held")
      const known = this.board.loop.state.widgets.get(tile.id)
      if (known && this.shown.has(tile.id)) tile.show(known)
      // Shown before it was laid out, it was measured between two layouts; no observer sees that.
      tile.resized()
    }
    this.shown.clear()
    this.bar.hide()
    show(this.list, false)
  }

  // Somebody else saved meanwhile: what is refreshed is theirs, the draft stays as it is, and saving it asks first.
  meanwhile(data) {
    this.newest = data.version
    this.draft.saved = structuredClone(data.document)
    this.draft.keep()
    this.show()
  }

  save() {
    this.put()
    this.board.act("save", { document: this.draft.now, expecting: this.draft.version })
  }

  owns(id) {
    if (!this.on) return false
    const own = this.draft.now.widgets.find((widget) => widget.id === id)
    const saved = this.draft.saved.widgets.find((widget) => widget.id === id)
    return !own || !saved || look(own) !== look(saved)
  }

  // ------------------------------------------------------------------------------------------------------- changes

  step(document_) {
    if (this.draft.step(document_)) this.show()
    else this.told()
  }

  go(by) {
    this.draft.move(by)
    this.show()
  }

  add(kind) {
    const now = this.draft.now
    const id = fresh(now.widgets)
    const place = free(places(now), kind.size)
    this.step({ ...now, widgets: [...now.widgets, { id, kind: kind.name, title: "", spec: structuredClone(kind.starter ?? {}), place }] })
    this.focus(id)
    this.board.say(`${kind.label} added. ${where(place)}`)
  }

  copy(id) {
    const now = this.draft.now
    const from = now.widgets.find((widget) => widget.id === id)
    const copy = { ...structuredClone(from), id: fresh(now.widgets), place: free(places(now), from.place) }
    this.step({ ...now, widgets: [...now.widgets, copy] })
    this.focus(copy.id)
  }

  remove(id) {
    const order = inReadingOrder(this.draft.now.widgets).map((widget) => widget.id)
    const rest = { ...this.draft.now, widgets: this.draft.now.widgets.filter((widget) => widget.id !== id) }
    this.step(placed(rest, settled(places(rest))))
    // What had the focus is gone: it goes to the neighbour, so that the keyboard goes on from there.
    const next = order[order.indexOf(id) + 1] ?? order[order.indexOf(id) - 1]
    const row = find(this.list, `remove-${next}`)
    if (!next) this.bar.undo.focus()
    else if (row?.offsetParent) row.focus()
    else this.focus(next)
    this.board.say("Removed. Undo brings it back.")
  }

  replace(widget) {
    const now = this.draft.now
    this.step({ ...now, widgets: now.widgets.map((one) => (one.id === widget.id ? { ...widget, place: one.place } : one)) })
    this.focus(widget.id)
  }

  tune(id) {
    this.put()
    this.board.act("tune", { widget: this.draft.now.widgets.find((widget) => widget.id === id) })
  }

  pass(id, step) {
    this.step(placed(this.draft.now, passed(this.draft.now.widgets, id, step)))
    find(this.list, `${step < 0 ? "up" : "down"}-${id}`)?.focus()
  }

  focus(id) {
    const node = this.board.tiles.get(id)?.node
    node?.scrollIntoView({ block: "nearest" })
    node?.focus({ preventScroll: true })
  }

  // ------------------------------------------------------------------------------------------------------- drawing

  show(document_ = this.draft.now) {
    const focused = this.board.room.getRootNode().activeElement
    this.ungrid()
    this.board.lay(document_)
    for (const tile of this.board.tiles.values()) this.fit(tile)
    for (const widget of document_.widgets) this.picture(widget)
    this.rows(document_)
    this.regrid()
    this.told()
    if (focused?.isConnected) focused.focus({ preventScroll: true })
  }

  told() {
    const { data } = this.board
    this.bar.show({
      title: this.draft.now.title, changes: this.draft.changes, undo: this.draft.canUndo, redo: this.draft.canRedo,
      version: this.newest, by: data.saved_by, kinds: data.kinds, may_save: data.may_save !== false,
    })
  }

  // What a tile has only while it is arranged.
  fit(tile) {
    tile.node.classList.add("grid-stack-item")
    tile.node.tabIndex = 0
    set(tile.node, "role", "group")
    set(tile.node, "aria-label", `${tile.title.textContent}. ${where(tile.widget.place)}. Enter picks it up.`)
    if (tile.arranging) return
    tile.arranging = make("span", "arranging")
    for (const [icon, label, act] of [
      ["tune", "Settings", () => this.tune(tile.id)], ["content_copy", "Duplicate", () => this.copy(tile.id)], ["delete", "Remove", () => this.remove(tile.id)],
    ]) {
      const tool = button(icon, `${label}: ${tile.title.textContent}`)
      tool.title = label
      tool.onclick = act
      tile.arranging.append(tool)
    }
    tile.tools.append(tile.arranging)
  }

  // A widget that is not saved like this is asked for on its own.
  async picture(widget) {
    const wanted = look(widget)
    if (this.shown.get(widget.id) === wanted) return
    this.shown.set(widget.id, wanted)
    const tile = this.board.tiles.get(widget.id)
    const known = this.board.loop.state.widgets.get(widget.id)
    if (!this.owns(widget.id) && known) return tile.show(known)
    try {
      if (!this.previews.has(wanted)) this.previews.set(wanted, await this.board.loop.preview(widget))
      if (this.shown.get(widget.id) === wanted) tile.show({ drawing: this.previews.get(wanted) })
    } catch (error) {
      if (this.shown.get(widget.id) === wanted) tile.show({ error: { message: error.message } })
    }
  }

  async regrid() {
    const GridStack = await gridstack(this.board.room.getRootNode())
    if (!this.on || this.grid) return
    for (const tile of this.board.tiles.values()) {
      const kind = this.kind(tile.widget.kind)
      set(tile.node, "gs-min-w", smallest(kind).w)
      set(tile.node, "gs-min-h", smallest(kind).h)
    }
    const holder = this.board.holder
    holder.classList.add("grid-stack")
    const grid = (this.grid = GridStack.init({
      column: 12, cellHeight: ROW, margin: GAP / 2, float: false, animate: false, alwaysShowResizeHandle: true,
      draggable: { handle: ".head", cancel: "button,input" }, resizable: { handles: "se" },
    }, holder))
    const says = (_, node) => {
      const { x, y, w, h } = node.gridstackNode
      const box = grid.placeholder?.firstElementChild
      set(box, "data-says", where({ x, y, w, h }))
    }
    for (const name of ["dragstart", "drag", "resizestart", "resize"]) grid.on(name, says)
    const stop = () => {
      const wanted = Object.fromEntries(grid.engine.nodes.map(({ el, x, y, w, h }) => [el.dataset.id, { x, y, w, h }]))
      this.step(placed(this.draft.now, { ...places(this.draft.now), ...wanted }))
    }
    // Gridstack has not put everything in its place yet when it says that it stopped.
    for (const name of ["dragstop", "resizestop"]) grid.on(name, () => setTimeout(stop))
  }

  ungrid() {
    this.grid?.destroy(false)
    this.grid = null
    this.board.holder.classList.remove("grid-stack", "grid-stack-animate")
    this.board.holder.removeAttribute("style")
    for (const tile of this.board.tiles.values()) {
      for (const name of ["left", "top", "width", "height", "position"]) tile.node.style.removeProperty(name)
      tile.node.querySelector(".ui-resizable-handle")?.remove()
    }
  }

  kind(name) {
    return this.board.data.kinds?.find((kind) => kind.name === name)
  }

  // ---------------------------------------------------------------------------------------------------- the keyboard

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && event.target.tagName !== "INPUT") {
      event.preventDefault()
      return this.go(event.shiftKey ? 1 : -1)
    }
    const node = event.target.closest?.(".tile")
    if (!node || event.target !== node) return
    const id = node.dataset.id
    if (event.key === "Enter" || event.key === " ") this.held ? this.put() : this.take(id)
    else if (event.key === "Escape" && this.held) this.back()
    else if (STEPS[event.key] && this.held?.id === id) this.push(id, STEPS[event.key], event.shiftKey)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  take(id) {
    this.held = { id, document: this.draft.now }
    this.board.tiles.get(id).node.classList.add("held")
    this.board.say("Picked up. Arrows move, Shift with arrows resizes, Enter puts down, Escape puts back.")
  }

  push(id, [dx, dy], size) {
    const own = this.held.document.widgets.find((widget) => widget.id === id)
    const min = smallest(this.kind(own.kind))
    const next = size ? stepped(places(this.held.document), id, 0, 0, dx, dy, min) : stepped(places(this.held.document), id, dx, dy, 0, 0, min)
    this.held.document = placed(this.held.document, next)
    this.show(this.held.document)
    this.board.tiles.get(id).node.classList.add("held")
    this.board.say(where(next[id]))
    this.focus(id)
  }

  put() {
    if (!this.held) return
    const { id, document: wanted } = this.held
    this.held = null
    this.board.tiles.get(id)?.node.classList.remove("held")
    this.step(wanted)
    this.board.say(`Put down. ${where(wanted.widgets.find((widget) => widget.id === id).place)}`)
  }

  back() {
    const { id } = this.held
    this.held = null
    this.board.tiles.get(id).node.classList.remove("held")
    this.show()
    this.board.say("Put back.")
  }

  // --------------------------------------------------------------------------------------------------------- a phone

  listing() {
    const list = make("ul", "list")
    list.setAttribute("aria-label", "Widgets in reading order")
    this.board.holder.before(list)
    return list
  }

  rows(document_) {
    show(this.list, true)
    const order = inReadingOrder(document_.widgets)
    this.list.replaceChildren(...order.map((widget, i) => {
      const row = make("li")
      const name = widget.title || this.board.tiles.get(widget.id)?.title.textContent || this.board.label(widget.kind)
      row.append(make("b", "", name))
      for (const [icon, key, label, act, off] of [
        ["arrow_upward", "up", "Up", () => this.pass(widget.id, -1), i === 0],
        ["arrow_downward", "down", "Down", () => this.pass(widget.id, 1), i === order.length - 1],
        ["tune", "tune", "Settings", () => this.tune(widget.id)], ["content_copy", "copy", "Duplicate", () => this.copy(widget.id)],
        ["delete", "remove", "Remove", () => this.remove(widget.id)],
      ]) {
        const tool = button(icon, `${label}: ${name}`)
        tool.dataset.is = `${key}-${widget.id}`
        tool.disabled = Boolean(off)
        tool.onclick = act
        row.append(tool)
      }
      return row
    }))
  }

  end() {
    if (!this.on) return
    this.on = false
    this.ungrid()
    this.board.room.removeEventListener("keydown", this.keys)
  }
}

const where = ({ x, y, w, h }) => `Column ${x + 1}, row ${y + 1} \u00b7 ${w} wide, ${h} tall`

function fresh(widgets) {
  const taken = new Set(widgets.map((widget) => widget.id))
  for (let n = 1; ; n++) if (!taken.has(`w${n}`)) return `w${n}`
}
