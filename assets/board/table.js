// A table: rows stay where they are and change in place; a row filters the other widgets; a head sorts.

import { make, put, set, show } from "../dom.js"

const NEXT = { none: "descending", descending: "ascending", ascending: "none" }

export function table(body, tools) {
  const box = make("div", "scroll")
  const node = make("table")
  const [head, rows, foot] = [make("thead"), make("tbody"), make("tfoot")]
  const top = make("tr")
  head.append(top)
  node.append(head, rows, foot)
  box.append(node)
  body.append(box)
  box.tabIndex = 0
  let drawing = null
  let columns = ""
  let sorted = { name: null, how: "none" }

  function heads() {
    const wanted = JSON.stringify(drawing.columns)
    if (wanted === columns) return
    columns = wanted
    rows.replaceChildren()
    foot.replaceChildren()
    top.replaceChildren(...drawing.columns.map((column) => {
      const cell = make("th", column.align)
      const by = make("button", "sort", column.label)
      cell.scope = "col"
      by.type = "button"
      by.onclick = () => {
        sorted = { name: column.name, how: NEXT[sorted.name === column.name ? sorted.how : "none"] }
        fill()
      }
      cell.append(by)
      return cell
    }))
  }

  function order() {
    const at = drawing.columns.findIndex((column) => column.name === sorted.name)
    const all = drawing.rows.map((_, i) => i)
    if (at < 0 || sorted.how === "none") return all
    const sign = sorted.how === "ascending" ? 1 : -1
    const value = (i) => drawing.rows[i][at]
    return all.sort((a, b) => {
      const [left, right] = [value(a), value(b)]
      if (left === null || right === null) return (left === null) - (right === null)
      return sign * (typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right)))
    })
  }

  function fill() {
    drawing.columns.forEach((column, i) => set(top.children[i], "aria-sort", sorted.name === column.name ? sorted.how : "none"))
    const picked = drawing.picks && drawing.columns.findIndex((column) => column.name === (drawing.picks.column ?? drawing.picks.dimension))
    const barred = drawing.columns.findIndex((column) => column.name === drawing.bars)
    order().forEach((from, i) => {
      const row = rows.children[i] ?? rows.appendChild(blank(drawing.columns))
      write(row, drawing.texts[from])
      if (barred >= 0) {
        const share = Math.max(0, Math.min(1, (drawing.rows[from][barred] ?? 0) / (drawing.most || 1)))
        row.children[barred].style.setProperty("--share", share)
        row.children[barred].classList.add("barred")
      }
      drawing.columns.forEach((column, at) => {
        if (column.unit !== "change") return
        const value = drawing.rows[from][at]
        set(row.children[at], "data-mood", !value || !column.good ? null : value > 0 === (column.good === "up") ? "good" : "bad")
      })
      const pick = picked !== null && picked !== undefined && picked >= 0 && tools.pick
      row.classList.toggle("picks", Boolean(pick))
      row.tabIndex = pick ? 0 : -1
      row.onclick = pick ? () => tools.pick(drawing.picks.dimension, drawing.rows[from][picked]) : null
      row.onkeydown = pick ? (event) => {
        if (event.key === "Enter") row.onclick()
      } : null
    })
    while (rows.children.length > drawing.rows.length) rows.lastChild.remove()
  }

  return {
    scrolls: box,
    show(wanted) {
      drawing = wanted
      heads()
      fill()
      show(foot, drawing.total)
      if (drawing.total) write(foot.children[0] ?? foot.appendChild(blank(drawing.columns)), drawing.total.texts)
    },
    resize() {},
  }
}

function blank(columns) {
  const row = make("tr")
  for (const column of columns) row.append(make("td", column.align))
  return row
}

function write(row, texts) {
  texts.forEach((text, i) => {
    put(row.children[i], text)
    set(row.children[i], "title", text.length > 24 ? text : null)
  })
}
