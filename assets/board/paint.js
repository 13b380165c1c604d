// Roles into colours: drawings name what a mark is, the theme says how that looks, in light and in dark.

let theme = null
let loading = null

export async function ready() {
  try {
    loading ??= fetch(new URL("assets/theme.json", document.baseURI)).then((answer) => answer.json())
    theme ??= await loading
  } catch (error) {
    loading = null
    throw error
  }
}
ready().catch(() => {}) // at once: whoever needs it waits for it again

// Which of the two the page is in, from the colour it stands on.
export function mode(host) {
  const [r, g, b] = channels(getComputedStyle(host).getPropertyValue("--st-background-color").trim())
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128 ? "dark" : "light"
}

const larger = new Map()

// The template of a theme; on a screen on the wall with larger letters.
export function template(name, scale = 1) {
  const own = theme[name].template
  if (scale === 1) return own
  const key = `${name} ${scale}`
  if (!larger.has(key)) {
    const text = JSON.stringify(own).replace(/"size":(\d+)/g, (_, size) => `"size":${Math.round(size * scale)}`)
    larger.set(key, JSON.parse(text))
  }
  return larger.get(key)
}

// "series:0", "status:completed", or either with an opacity: "series:0/0.1".
export function colour(name, role) {
  const [plain, opacity] = role.split("/")
  const { roles, scales } = theme[name]
  if (scales[plain]) return scales[plain]
  const found = roles[plain] ?? roles.other
  if (opacity === undefined) return found
  const [r, g, b] = channels(found)
  return `rgba(${r},${g},${b},${opacity})`
}

// A trace or a layout with its colours: `meta.paint` says which role goes where.
export function painted(name, thing) {
  const copy = structuredClone(thing)
  for (const [path, role] of Object.entries(copy.meta?.paint ?? {})) {
    place(copy, path.split("."), Array.isArray(role) ? role.map((one) => colour(name, one)) : colour(name, role))
  }
  return copy
}

function place(into, [first, ...rest], value) {
  if (!rest.length) into[first] = value
  else place((into[first] ??= /^\d+$/.test(rest[0]) ? [] : {}), rest, value)
}

function channels(colour) {
  const rgb = colour.match(/^rgba?\(([^)]+)\)/)
  if (rgb) return rgb[1].split(",").slice(0, 3).map(Number)
  const hex = colour.replace("#", "")
  return [0, 2, 4].map((at) => parseInt(hex.length === 3 ? hex[at / 2].repeat(2) : hex.slice(at, at + 2), 16) || 0)
}
