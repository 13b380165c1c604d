// A figure whose digits roll from old to new without changing the width of the figure.

import { make, stillPlease } from "./dom.js"

const REEL = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9"
const isDigit = (char) => char >= "0" && char <= "9"
const shape = (text) => text.replace(/[0-9]/g, "0")

export class Counter {
  // node: an element with the class "counter"; it is hidden from screen readers, who get a sentence beside it.
  constructor(node) {
    this.node = node
    this.text = null
    this.value = null
    node.setAttribute("aria-hidden", "true")
  }

  show(text, value, roll = true) {
    if (text === this.text) return
    const small = this.value === null || Math.abs(value - this.value) < Math.abs(this.value) * 0.001
    const still = this.text === null || !roll || small || document.hidden || stillPlease()
    if (this.text === null || shape(text) !== shape(this.text)) this.rebuild(text)
    this.node.classList.toggle("still", still)
    const cells = this.node.children
    for (let i = 0; i < text.length; i++) {
      if (isDigit(text[i])) cells[i].firstChild.style.transform = `translateY(${-1.1 * Number(text[i])}em)`
    }
    this.text = text
    this.value = value
    this.node.dataset.text = text
  }

  // Another number of digits: keep the cells from the right, so that units stay units while they roll.
  rebuild(text) {
    const old = [...this.node.children]
    const cells = []
    for (let i = text.length - 1; i >= 0; i--) {
      const before = old.pop()
      const digit = isDigit(text[i])
      const fits = before && (digit ? before.className === "digit" : before.textContent === text[i])
      if (fits) cells.unshift(before)
      else {
        const cell = make("span", digit ? "digit" : "sign", digit ? undefined : text[i])
        if (digit) cell.append(make("span", "reel", REEL))
        cells.unshift(cell)
      }
    }
    this.node.replaceChildren(...cells)
  }
}
