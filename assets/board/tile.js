// One widget: its head, its picture, and its states (reading, empty, wrong, paused). Its size never changes by itself.

import { find, make, put, set, show } from "../dom.js"
import { minute } from "../format.js"
import { copy } from "../pill.js"
import { asTable } from "./as_table.js"
import { card, gauge, progress } from "./card.js"
import { figure } from "./figure.js"
import { button, glyph, renamed } from "./glyph.js"
import { openMenu } from "./menu.js"
import { table } from "./table.js"

const FORMS = { card, figure, table, gauge, progress }
const SHAPES = { metric_card: "card", kpi_card: "card", sparkline: "card", gauge: "gauge", progress_bar: "progress", table: "table" }

export class Tile {
  constructor(id, board) {
    Object.assign(this, { id, board, drawing: null, error: null, asTable: false, zoomed: null })
    this.node = make("div", "tile")
    this.node.dataset.id = id
    this.node.innerHTML = `
      <div class="grid-stack-item-content">
        <section class="card" role="group">
          <header class="head">
            <span class="grip" data-is="grip" aria-hidden="true"></span>
            <h2 class="title" data-is="title"></h2><span class="small sub" data-is="sub"></span>
            <span class="badges" data-is="badges"></span><span class="tools" data-is="tools"></span>
          </header>
          <div class="body" data-is="body"></div>
          <div class="small foot" data-is="foot" hidden></div>
          <div class="cover" data-is="cover" hidden></div>
        </section>
      </div>`
    for (const name of ["grip", "title", "sub", "badges", "tools", "body", "foot", "cover"]) this[name] = find(this.node, name)
    this.card = this.node.querySelector(".card")
    this.grip.append(glyph("drag_indicator"))
    this.more = button("more_horiz", "More")
    this.more.setAttribute("aria-haspopup", "menu")
    this.more.onclick = () => openMenu(board.room, this.more, this.choices())
    this.explain = button("calculate", "Explain this number")
    this.explain.onclick = () => this.explained()
    this.tools.append(this.explain, this.more)
    this.badge = make("span", "badge blue")
    this.badge.append(glyph("pause"), make("span"))
    this.badge.hidden = true
    this.now = make("span", "badge blue")
    this.now.hidden = true
    this.badges.append(this.now, this.badge)
    this.waits = setTimeout(() => this.reading(), 300)
    this.sees = new ResizeObserver(() => this.resized())
    this.sees.observe(this.body)
  }

  // What the document says of it: where it stands and how it is called.
  settle(widget, order) {
    this.widget = widget
    const { x, y, w, h } = widget.place
    for (const [name, value] of Object.entries({ x, y, w, h, order })) this.node.style.setProperty(`--${name}`, value)
    set(this.node, "gs-id", this.id)
    for (const [name, value] of Object.entries({ x, y, w, h })) set(this.node, `gs-${name}`, value)
    this.named()
  }

  named() {
    const { widget, drawing } = this
    const title = widget.title || drawing?.title || this.board.label(widget.kind)
    put(this.title, title)
    put(this.sub, drawing?.subtitle ?? "")
    set(this.sub, "title", drawing?.subtitle)
    set(this.card, "aria-label", title)
    const form = drawing?.form ?? SHAPES[widget.kind] ?? "figure"
    set(this.card, "data-form", form)
    this.more.setAttribute("aria-label", `${title}: more`)
    this.explain.setAttribute("aria-label", `Explain ${title}`)
    show(this.explain, this.board.explains && drawing && !drawing.empty)
  }

  // The newest answer: a drawing, an error over the last good one, or both.
  show({ drawing, error }) {
    clearTimeout(this.waits)
    clearInterval(this.counting)
    if (drawing) this.drawing = drawing
    this.error = error ?? null
    this.named()
    if (this.error) return this.wrong()
    if (this.drawing.empty) return this.nothing()
    show(this.cover, false)
    show(this.body, true)
    const shown = this.asTable ? asTable(this.drawing, this.board.currency, this.board.zone) : this.drawing
    if (this.form !== shown.form) {
      this.part?.end?.()
      this.body.replaceChildren()
      this.form = shown.form
      this.part = FORMS[shown.form](this.body, this.tooling())
    }
    set(this.card, "data-form", shown.form)
    // A picture is one thing to a screen reader; keys beside it, and tables, are read on their own.
    const picture = this.part.parts?.picture
    set(this.body, "role", picture || shown.form === "table" ? "group" : "img")
    set(this.body, "aria-label", picture ? null : this.drawing.alt)
    set(picture, "role", "img")
    set(picture, "aria-label", this.drawing.alt)
    this.footed(shown)
    if (this.part.parts?.figure) this.part.parts.figure.onclick = () => this.board.explains && this.explained()
    this.part.show(shown)
  }

  // The last line: what is left out. In the head, beside a frozen figure, the one of now.
  footed(drawing) {
    const now = this.board.data?.beside?.[this.id]
    put(this.now, now ? `Now ${now}` : "")
    show(this.now, now)
    if (this.zoomed) return
    put(this.foot, drawing.foot ?? "")
    show(this.foot, drawing.foot)
  }

  tooling() {
    const { board } = this
    return {
      pick: board.picks ? (dimension, value) => board.act("pick", { dimension, value, widget: this.id }) : null,
      still: () => board.mode === "kiosk" || board.mode === "arrange",
      scale: () => board.scale(),
      revision: () => board.revision(this.id),
      zoom: (range) => this.zoom(range),
      painted: () => board.painted(),
      failed: (error) => this.show({ error: { message: error.message, here: true } }),
    }
  }

  zoom(range) {
    const words = !range ? "" : range.from === undefined ? "You zoomed." : `You zoomed ${this.bounds(range)}.`
    this.zoomed = range ? words : null
    if (range) this.board.pause(words, this.id)
    else this.board.resume(this.id)
    this.paused()
  }

  bounds({ from, to, time }) {
    if (!time) return `${Number(from).toFixed(1)} to ${Number(to).toFixed(1)}`
    const [first, last] = [from, to].map((at) => new Date(String(at).replace(" ", "T")))
    const day = first.toDateString() === last.toDateString() ? {} : { day: "numeric", month: "short" }
    const said = new Intl.DateTimeFormat("en-GB", { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    return `${said.format(first)} to ${said.format(last)}`
  }

  // The chip that says why nothing moves, and the way on.
  paused() {
    const { paused } = this.board.loop.state
    const mine = paused?.widget === this.id
    show(this.badge, mine)
    if (mine) put(this.badge.lastChild, `Paused ${minute(paused.at, this.board.zone)}`)
    if (!this.zoomed) {
      if (this.foot.querySelector("button")) this.foot.replaceChildren()
      return this.footed(this.drawing ?? {})
    }
    const words = make("span", "", this.zoomed)
    const row = make("span", "row")
    if (mine) {
      const on = make("button", "button slim", "Resume")
      on.type = "button"
      on.prepend(glyph("play_arrow"))
      on.onclick = () => this.board.resume(this.id, true)
      row.append(on)
    }
    const whole = make("button", "link", "Show all")
    whole.type = "button"
    whole.onclick = () => this.part.unzoom?.()
    row.append(whole)
    this.foot.replaceChildren(words, row)
    show(this.foot, true)
  }

  choices() {
    const rows = [{ icon: this.full ? "close_fullscreen" : "open_in_full", label: this.full ? "Back to the grid" : "Full size", act: () => this.enlarge() }]
    if (this.drawing && !this.drawing.empty && this.drawing.form !== "table") {
      const label = this.asTable ? "Show as picture" : "Show as table"
      rows.push({ icon: this.asTable ? "bar_chart" : "table_rows", label, act: () => this.turn() })
    }
    if (this.zoomed) rows.push({ icon: "zoom_out_map", label: "Show all", act: () => this.part.unzoom?.() })
    return rows
  }

  turn() {
    this.asTable = !this.asTable
    this.show({ drawing: this.drawing })
  }

  // In the top layer, without leaving its place in the page: nothing is drawn anew.
  enlarge() {
    this.full = !this.full
    if (this.full) {
      this.card.setAttribute("popover", "manual")
      this.card.classList.add("full")
      this.card.showPopover()
      this.card.onkeydown = (event) => {
        if (event.key === "Escape") this.enlarge()
      }
      this.more.focus()
    } else {
      this.card.hidePopover()
      this.card.classList.remove("full")
      this.card.removeAttribute("popover")
      this.card.onkeydown = null
      this.more.focus()
    }
    renamed(this.more.firstChild, this.full ? "close_fullscreen" : "more_horiz")
    this.more.onclick = () => (this.full ? this.enlarge() : openMenu(this.board.room, this.more, this.choices()))
    this.resized()
  }

  explained() {
    const { frame } = this.board.loop.state
    this.board.act("explain", { widget: this.id, measure: this.drawing?.measure ?? null, as_of: frame?.instant.asOf ?? null })
  }

  reading() {
    if (this.drawing || this.error) return
    const bones = make("div", "bones")
    bones.append(...Array.from({ length: 10 }, () => make("i")))
    const words = make("div", "small words")
    this.cover.replaceChildren(bones, words)
    this.cover.className = "cover reading"
    show(this.cover, true)
    const began = Date.now() - 300
    this.counting = setInterval(() => {
      const seconds = Math.floor((Date.now() - began) / 1000)
      if (seconds >= 2) put(words, `Reading for ${seconds} s`)
    }, 500)
  }

  nothing() {
    const { icon, what, step } = this.drawing.empty
    const buttons = []
    if (this.board.filtered()) buttons.push(["filter_alt_off", "Clear filters", () => this.board.act("clear")])
    this.say("cover empty", icon, what, step, buttons)
  }

  wrong() {
    const error = typeof this.error === "string" ? { message: this.error } : this.error
    const copyable = error.reference ? [["content_copy", "Copy details", () => copy(`${error.message} Reference ${error.reference}, ${new Date().toISOString()}`)]] : []
    this.say("cover wrong", "error", error.message, "The other widgets go on; nothing is lost.", [
      ["refresh", "Try now", () => (error.here ? this.show({ drawing: this.drawing }) : this.board.loop.refresh())], ...copyable,
    ])
  }

  say(kind, icon, what, step, buttons) {
    const disc = make("div", "disc")
    disc.append(glyph(icon))
    const row = make("div", "row")
    for (const [sign, label, act] of buttons) {
      const one = make("button", "button slim", label)
      one.type = "button"
      one.prepend(glyph(sign))
      one.onclick = act
      row.append(one)
    }
    this.cover.className = kind
    const words = make("p", "small")
    words.append(...step.split("`").map((text, i) => (i % 2 ? make("code", "", text) : text)))
    this.cover.replaceChildren(disc, make("h3", "", what), words, ...(buttons.length ? [row] : []))
    show(this.cover, true)
    show(this.body, false)
    show(this.foot, false)
  }

  resized() {
    cancelAnimationFrame(this.sizing)
    this.sizing = requestAnimationFrame(() => this.part?.resize?.())
  }

  // Another period or filter: what was zoomed is no longer there.
  whole() {
    if (!this.zoomed) return
    this.zoomed = null
    this.paused()
  }

  recolour() {
    this.part?.recolour?.()
  }

  end() {
    clearTimeout(this.waits)
    clearInterval(this.counting)
    this.sees.disconnect()
    this.part?.end?.()
    this.node.remove()
  }
}
