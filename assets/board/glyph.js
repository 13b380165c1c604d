// Icons of the icon font that the page has loaded anyway, by their names; hidden until the font is there.

import { make } from "../dom.js"

const FONT = '20px "Material Symbols Rounded"'
let loading = null

export function glyph(name, className = "") {
  const node = make("span", `glyph ${className}`, name)
  node.setAttribute("aria-hidden", "true")
  node.setAttribute("translate", "no")
  return node
}

export const renamed = (node, name) => {
  if (node.textContent !== name) node.textContent = name
}

// Shows the icons of this room as soon as the font is loaded.
export function when(room) {
  loading ??= document.fonts.load(FONT, "tune").catch(() => [])
  loading.then(() => room.classList.add("glyphs"))
}

// A button with an icon, and its words for whoever cannot see it.
export function button(name, label, className = "tool") {
  const node = make("button", className)
  node.type = "button"
  node.append(glyph(name))
  node.setAttribute("aria-label", label)
  node.title = label
  return node
}
