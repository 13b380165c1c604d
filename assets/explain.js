// The drawer that explains a figure: what it is, the second count, its terms, where it looked, and what moved it.

import { find, icon, make, put, set, show } from "./dom.js"
import { part } from "./part.js"

const TICKS = { good: "completed", bad: "failed", none: "pending" }

export const mount = part((root, self) => {
  const is = (name) => find(root, name)
  let chosen = null
  let painted = ""

  function head({ name, period, figure, why, delta, apart, check, definition, users }) {
    put(is("name"), name)
    put(is("period"), period)
    put(is("figure"), figure)
    set(is("figure"), "title", why)
    show(is("chip"), delta)
    if (delta) {
      put(is("delta"), delta.text)
      set(is("chip"), "data-mood", delta.good === null ? "none" : delta.good ? "good" : "bad")
      const moves = delta.direction === "up" || delta.direction === "down"
      show(is("way"), moves)
      if (moves) icon(is("way"), delta.direction)
      set(is("chip"), "title", delta.why)
    }
    put(is("apart"), apart)
    set(is("check"), "data-mood", check.mood)
    icon(is("tick"), TICKS[check.mood])
    put(is("words"), check.words)
    put(is("took"), check.took)
    put(is("definition"), definition)
    put(is("users"), users)
    show(is("users"), users)
  }

  // Each term is a figure of its own, and is explained when it is pressed.
  function formula(pieces) {
    is("formula").replaceChildren(...pieces.map((piece) => {
      if (piece.sign) return make("span", "sign", piece.sign)
      const node = make(piece.measure ? "button" : "span", "term")
      node.append(make("span", "amount", piece.amount), make("span", "small", piece.label))
      if (piece.measure) {
        node.type = "button"
        node.title = `Explain ${piece.label}`
        node.onclick = () => self.setTriggerValue("act", { what: "term", measure: piece.measure, over: piece.over })
      }
      return node
    }))
  }

  function where(rows) {
    is("where").replaceChildren(...rows.flatMap(([name, text, mono]) => [make("dt", "", name), make("dd", mono ? "mono" : "", text)]))
  }

  function moved({ splits, heading, against, more }) {
    show(is("moved"), splits.length + more.length)
    put(is("heading"), heading)
    put(is("against"), against)
    if (!splits.some((split) => split.name === chosen)) chosen = splits[0]?.name ?? null
    const press = (name, label, on, act) => {
      const node = make("button", "", label)
      node.type = "button"
      set(node, "aria-pressed", String(on))
      node.onclick = act
      return node
    }
    const focused = root.activeElement?.textContent
    is("splits").replaceChildren(
      ...splits.map((split) => press(split.name, split.label, split.name === chosen, () => { chosen = split.name; moved(self.data.moved) })),
      ...more.map(({ name, label }) => press(name, label, false, () => { chosen = name; self.setTriggerValue("act", { what: "split", dimension: name }) })),
    )
    show(is("splits"), splits.length + more.length > 1)
    if (focused) [...is("splits").children].find((node) => node.textContent === focused)?.focus()
    const split = splits.find((one) => one.name === chosen)
    show(is("table"), split?.rows.length)
    put(is("why"), split ? (split.rows.length ? split.why : "Nothing to split.") : "")
    if (split) table(split)
  }

  function table({ columns, rows, total }) {
    const line = (row, kind) => {
      const node = make("tr", kind)
      node.append(...row.cells.map((text) => make("td", "", text)))
      if (columns.bars) node.append(bar(row))
      return node
    }
    const first = make("tr")
    first.append(...columns.names.map((name) => { const cell = make("th", "", name); cell.scope = "col"; return cell }))
    if (columns.bars) first.append(make("td", "bar"))
    const top = document.createElement("thead")
    const body = document.createElement("tbody")
    top.append(first)
    body.append(...rows.map((row) => line(row)), ...(total ? [line(total, "total")] : []))
    is("table").replaceChildren(top, body)
  }

  // From a middle line, to the right what added and to the left what took away.
  function bar({ bar: reach }) {
    const cell = make("td", "bar")
    if (!reach) return cell
    const lane = make("span", "lane")
    lane.setAttribute("aria-hidden", "true")
    lane.style.setProperty("--middle", `${reach.middle}%`)
    const mark = make("i")
    mark.dataset.mood = reach.less ? "less" : "more"
    mark.style.left = `${reach.from}%`
    mark.style.width = `max(2px, ${reach.wide}%)`
    lane.append(mark)
    cell.append(lane)
    return cell
  }

  function paint() {
    const { data } = self
    const now = JSON.stringify({ ...data, key: 0 })
    if (now === painted) return
    painted = now
    head(data)
    formula(data.formula)
    where(data.where)
    moved(data.moved)
  }

  return { paint }
})
