// The dashboard as it is being arranged: every change is a step that can be undone; neither a reload nor somebody else's
// save loses any. `version` is the one it began from: saving it over a newer one asks first.

const MOST = 100
const key = (id) => `pulseboard.draft.${id}`
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

export class Draft {
  constructor(id, version, document_) {
    Object.assign(this, { id, version, saved: document_, steps: [document_], at: 0, restored: null })
    const left = read(key(id))
    if (left?.version <= version && !same(left.document, document_)) {
      this.steps.push(left.document)
      this.at = 1
      this.restored = left.when
      this.version = left.version
    }
  }

  get now() {
    return this.steps[this.at]
  }

  // How many steps from what is saved.
  get changes() {
    return same(this.now, this.saved) ? 0 : Math.max(1, this.at)
  }

  get canUndo() {
    return this.at > 0
  }

  get canRedo() {
    return this.at < this.steps.length - 1
  }

  step(document_) {
    if (same(document_, this.now)) return false
    this.steps = [...this.steps.slice(0, this.at + 1), document_].slice(-MOST)
    this.at = this.steps.length - 1
    this.keep()
    return true
  }

  move(by) {
    this.at = Math.max(0, Math.min(this.steps.length - 1, this.at + by))
    this.keep()
  }

  // A step that changes some widgets' places, or one widget, or the list.
  with(change) {
    return { ...this.now, ...change }
  }

  keep() {
    try {
      if (this.changes) sessionStorage.setItem(key(this.id), JSON.stringify({ version: this.version, document: this.now, when: Date.now() }))
      else this.drop()
    } catch {
      // A browser that keeps nothing for pages: a reload then loses what was not saved.
    }
  }

  drop() {
    try {
      sessionStorage.removeItem(key(this.id))
    } catch {
      // As above.
    }
  }
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name))
  } catch {
    return null
  }
}
