// Plotly, loaded once for the page; inside a component it needs its own few rules, which it writes to the document only.

let loading = null

export function plotly() {
  loading ??= shown().then(load).catch((error) => {
    loading = null
    throw error
  })
  return loading
}

// The figures are on the screen before the library, which keeps the browser busy for a while, begins.
const shown = () => new Promise((done) => {
  const idle = window.requestIdleCallback ?? setTimeout
  requestAnimationFrame(() => idle(() => done()))
  setTimeout(done, 250) // a hidden tab has no frames, a busy browser is never idle
})

const load = () => new Promise((done, fail) => {
  const script = document.createElement("script")
  script.src = new URL("assets/vendor/plotly/plotly-cartesian.min.js", document.baseURI).href
  script.onload = () => done(window.Plotly)
  script.onerror = () => fail(new Error("The charts' library did not load."))
  document.head.append(script)
})

// What Plotly wrote for the document, once more for this shadow root.
export function rules(root) {
  if (!(root instanceof ShadowRoot) || root.querySelector("style[data-plotly]")) return
  const own = document.getElementById("plotly.js-style-global")
  if (!own?.sheet) return
  const style = document.createElement("style")
  style.dataset.plotly = ""
  style.textContent = [...own.sheet.cssRules].map((rule) => rule.cssText).join("\n")
  root.append(style)
}
