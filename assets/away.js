// While the server is away: Streamlit's own dialog, which covers the page and asks for the internet, is closed before it is seen,
// and a page without a pill of its own says in a line what is wrong. It stands in the head of every page.
(() => {
  const PILLS = ".st-key-live_pill, .st-key-board_pill, .st-key-simulator_pill"
  const app = () => document.querySelector('[data-testid="stApp"]')
  const away = () => app() && app().dataset.testConnectionState !== "CONNECTED"
  // Dialogs of pages are made of Streamlit's elements; this one is a heading and a sentence.
  const dialog = () => [...document.querySelectorAll(".stDialog")].find((one) => !one.querySelector(".stVerticalBlock, [data-testid=stVerticalBlock]"))
  let line = null
  let seen = null

  function told(shown) {
    if (!shown) return line?.remove()
    if (!line) {
      line = document.createElement("div")
      line.id = "away"
      line.setAttribute("role", "status")
      line.textContent = "The server does not answer. This page comes back by itself as soon as it does."
    }
    if (!line.isConnected) document.body.append(line)
  }

  function look() {
    const found = away() && dialog()
    if (found) found.querySelector("button")?.click()
    if (found || !away()) told(Boolean(found) && !document.querySelector(PILLS))
    if (app() && seen !== app()) {
      seen = app()
      new MutationObserver(look).observe(seen, { attributes: true, attributeFilter: ["data-test-connection-state"] })
    }
  }

  addEventListener("DOMContentLoaded", () => new MutationObserver(look).observe(document.body, { childList: true }))
})()
