// A small menu at a button: arrows move, Enter chooses, Esc and a click elsewhere close it.

import { make } from "../dom.js"
import { glyph } from "./glyph.js"

export function openMenu(room, button, rows) {
  const menu = make("div", "menu")
  menu.setAttribute("role", "menu")
  menu.setAttribute("popover", "auto")
  for (const { icon, label, act, on } of rows) {
    const row = make("button", "menurow")
    row.type = "button"
    row.setAttribute("role", "menuitem")
    row.append(glyph(icon), make("span", "", label))
    row.onclick = () => {
      menu.hidePopover()
      act()
    }
    if (on !== undefined) row.setAttribute("aria-checked", on)
    menu.append(row)
  }
  menu.onkeydown = (event) => {
    const at = [...menu.children].indexOf(menu.getRootNode().activeElement)
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    menu.children[(at + step + rows.length) % rows.length].focus()
  }
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") return
    button.setAttribute("aria-expanded", "false")
    menu.remove()
    if (button.isConnected) button.focus({ preventScroll: true })
  })
  room.append(menu)
  menu.showPopover()
  const at = button.getBoundingClientRect()
  const box = menu.getBoundingClientRect()
  menu.style.left = `${Math.max(8, Math.min(at.right - box.width, innerWidth - box.width - 8))}px`
  menu.style.top = `${at.bottom + box.height + 8 > innerHeight ? at.top - box.height - 4 : at.bottom + 4}px`
  button.setAttribute("aria-expanded", "true")
  menu.firstChild.focus()
}
