// What stands above the grid while it is arranged: the name, how much is not saved, the steps, and what can be added.

import { make, put, set, show } from "../dom.js"
import { glyph } from "./glyph.js"

const KEYS = [
  [["Tab"], "choose"], [["Enter"], "pick up, put down"], [["arrow_back", "arrow_forward", "arrow_upward", "arrow_downward"], "move"],
  [["Shift"], "with arrows resize"], [["Esc"], "put back"],
]

export class Bar {
  constructor(node, does) {
    this.node = node
    const top = make("div", "bartop")
    this.title = make("input", "bartitle")
    this.title.setAttribute("aria-label", "Title of the dashboard")
    this.title.maxLength = 80
    this.title.onchange = () => does.title(this.title.value.trim() || "Untitled")
    this.title.onkeydown = (event) => {
      if (event.key === "Enter") this.title.blur()
    }
    const badge = make("span", "badge blue")
    badge.append(glyph("edit"), make("span", "", "Arranging"))
    this.changes = make("span", "small changes")
    const steps = make("span", "steps")
    this.undo = action("undo", "Undo", does.undo)
    this.redo = action("redo", "Redo", does.redo)
    this.discard = action(null, "Discard", does.discard)
    this.save = action("check", "Save", does.save)
    this.save.classList.add("primary")
    steps.append(this.changes, this.undo, this.redo, this.discard, this.save)
    const named = make("span", "named")
    named.append(this.title, badge)
    top.append(named, steps)

    const hints = make("div", "hints small")
    const keys = make("span", "keyhints", "Keys")
    for (const [names, words] of KEYS) {
      for (const name of names) {
        const key = make("kbd", "", name.startsWith("arrow") ? undefined : name)
        if (name.startsWith("arrow")) key.append(glyph(name))
        keys.append(key)
      }
      keys.append(make("span", "", words))
    }
    this.by = make("span", "by")
    hints.append(keys, this.by)

    this.kinds = make("div", "adds")
    this.kinds.setAttribute("role", "group")
    this.kinds.setAttribute("aria-label", "Add a widget")
    this.does = does
    node.append(top, hints, this.kinds)
    node.className = "arrangebar"
  }

  show({ title, changes, undo, redo, version, by, kinds, may_save: maySave }) {
    show(this.node, true)
    if (this.title.getRootNode().activeElement !== this.title) this.title.value = title
    put(this.changes, changes ? `${changes} ${changes === 1 ? "change" : "changes"} not saved` : "Nothing changed")
    this.undo.disabled = !undo
    this.redo.disabled = !redo
    put(this.save.lastChild, `Save version ${version + 1}`)
    this.save.disabled = !changes || !maySave
    put(this.discard.lastChild, changes ? "Discard" : "Done")
    put(this.by, by ?? "")
    if (!kinds || this.listed === kinds.length) return
    this.listed = kinds.length
    this.kinds.replaceChildren(make("span", "small", "Add"), ...kinds.map((kind) => {
      const add = action(kind.icon, kind.short ?? kind.label, () => this.does.add(kind))
      add.classList.add("slim")
      set(add, "title", kind.about)
      return add
    }))
  }

  hide() {
    show(this.node, false)
  }
}

function action(icon, label, act) {
  const node = make("button", "button")
  node.type = "button"
  if (icon) node.append(glyph(icon))
  node.append(make("span", "", label))
  node.onclick = act
  return node
}
