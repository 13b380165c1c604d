// Gridstack, loaded when somebody arranges: it moves and sizes tiles with the pointer.

let loading = null

export function gridstack(root) {
  style(root)
  loading ??= new Promise((done, fail) => {
    const script = document.createElement("script")
    script.src = new URL("assets/vendor/gridstack/gridstack-all.js", document.baseURI).href
    script.onload = () => done(window.GridStack)
    script.onerror = () => {
      loading = null
      fail(new Error("The grid's library did not load."))
    }
    document.head.append(script)
  })
  return loading
}

function style(root) {
  if (root.querySelector("link[data-gridstack]")) return
  const link = document.createElement("link")
  link.rel = "stylesheet"
  link.dataset.gridstack = ""
  link.href = new URL("assets/vendor/gridstack/gridstack.min.css", document.baseURI).href
  root.prepend(link)
}
