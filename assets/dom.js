// Small steps on the page: find a part, write a text only where it changed, draw an icon.

const SVG = "http://www.w3.org/2000/svg"

export const find = (root, name) => root.querySelector(`[data-is="${name}"]`)
export const findAll = (root, name) => [...root.querySelectorAll(`[data-is="${name}"]`)]

export function put(node, text) {
  const value = text ?? ""
  if (node && node.textContent !== value) node.textContent = value
}

export function show(node, on) {
  if (node && node.hidden === Boolean(on)) node.hidden = !on
}

export function set(node, name, value) {
  if (!node) return
  if (value === null || value === undefined || value === false) node.removeAttribute(name)
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value)
}

export function make(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

export function draw(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  return node
}

const RING = "M12 3.2a8.8 8.8 0 1 0 0 17.6a8.8 8.8 0 1 0 0-17.6z"
const ICONS = {
  completed: `${RING}M7.8 12.3l2.9 2.8 5.4-5.6`,
  pending: `${RING}M12 7.2V12l3.2 2`,
  failed: `${RING}M8.9 8.9l6.2 6.2M15.1 8.9l-6.2 6.2`,
  view: "M2.5 12C4.4 8.1 8 6 12 6s7.6 2.1 9.5 6c-1.9 3.9-5.5 6-9.5 6s-7.6-2.1-9.5-6zM12 9.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6z",
  refund: "M8 14.5L4 10.2 8 6M4.4 10.2H15a4.6 4.6 0 0 1 0 9.2h-4",
  person: "M12 4.6a3.6 3.6 0 1 0 0 7.2a3.6 3.6 0 1 0 0-7.2zM5 19.4c.4-3.2 3-5 7-5s6.600 1.800 7 5z",
  event: "M13 3.500L5.500 13.500h5.500l-.8 7L18.500 10.500H12.600z",
  up: "M12 19V5.500M6 11.200l6-6 6 6",
  down: "M12 5v13.500M6 12.800l6 6 6-6",
  science: "M9 3.500h6M10.200 3.500v5.700L4.800 18a1.700 1.700 0 0 0 1.500 2.600h11.400a1.700 1.700 0 0 0 1.500-2.600l-5.400-8.800V3.500",
  link: "M10.200 13.800a4 4 0 0 0 5.700.3l3.100-3.100a4 4 0 0 0-5.700-5.700l-1.400 1.400M13.800 10.200a4 4 0 0 0-5.700-.3L5 13a4 4 0 0 0 5.700 5.700l1.400-1.400",
  check: "M5 12.600l4.600 4.600L19 7.600",
  copy: "M9 8h10.500v12.500H9zM15 8V3.500H4.500V16H9",
  history: "M4.300 12.500a7.900 7.900 0 1 0 2.400-6.200L4.200 8.500M4.200 4.200v4.300h4.300M12 8v4.300l3 1.800",
  pause: "M9 6v12M15 6v12",
  receipt: "M5.500 3.500h13v17l-2.200-1.600-2.100 1.600-2.200-1.600-2.200 1.600-2.100-1.600-2.200 1.600zM9 8.500h6M9 12.500h6",
}

export function icon(node, name) {
  if (!node || node.dataset.shown === name) return
  node.dataset.shown = name
  let svg = node.firstElementChild
  if (!svg) {
    svg = draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" })
    svg.append(draw("path"))
    node.append(svg)
  }
  svg.firstElementChild.setAttribute("d", ICONS[name] ?? ICONS.event)
}

export function icons(root) {
  for (const node of root.querySelectorAll("[data-icon]")) icon(node, node.dataset.icon)
}

export const stillPlease = () => matchMedia("(prefers-reduced-motion: reduce)").matches
