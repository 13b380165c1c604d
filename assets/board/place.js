// Where tiles stand on twelve columns: nothing overlaps, nothing hangs in the air, and what is moved goes first.

export const COLUMNS = 12

const meets = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

export const inReadingOrder = (widgets) => [...widgets].sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x)

// Places by id, with `first` where it wants to be and everything else as near to its own place as that allows.
export function settled(places, first = null) {
  const order = Object.keys(places).sort((a, b) => {
    const [p, q] = [places[a], places[b]]
    return p.y - q.y || (b === first) - (a === first) || p.x - q.x
  })
  const down = {}
  if (first) down[first] = fit(places[first])
  for (const id of order) {
    if (id === first) continue
    const place = fit(places[id])
    while (Object.values(down).some((other) => meets(place, other))) place.y++
    down[id] = place
  }
  // Then up, as far as there is room.
  const done = {}
  for (const id of Object.keys(down).sort((a, b) => down[a].y - down[b].y || down[a].x - down[b].x)) {
    const place = down[id]
    while (place.y > 0 && !Object.values(done).some((other) => meets({ ...place, y: place.y - 1 }, other))) place.y--
    done[id] = place
  }
  return done
}

// One step of the keyboard; down and up go past a neighbour where a single row would change nothing.
export function stepped(places, id, dx, dy, dw, dh, smallest = { w: 1, h: 1 }) {
  const own = places[id]
  if (dw || dh) {
    const w = Math.max(smallest.w, Math.min(COLUMNS - own.x, own.w + dw))
    return settled({ ...places, [id]: { ...own, w, h: Math.max(smallest.h, own.h + dh) } }, id)
  }
  if (dx) {
    const x = Math.max(0, Math.min(COLUMNS - own.w, own.x + dx))
    return x === own.x ? places : settled({ ...places, [id]: { ...own, x } }, id)
  }
  const lowest = Math.max(...Object.values(places).map((place) => place.y + place.h))
  for (let y = own.y + dy; y >= 0 && y <= lowest; y += dy) {
    const next = settled({ ...places, [id]: { ...own, y } }, id)
    if (next[id].y !== own.y) return next
  }
  return places
}

// The first place where something of this size fits, from the top.
export function free(places, size) {
  const w = Math.min(COLUMNS, size.w)
  for (let y = 0; ; y++) {
    for (let x = 0; x + w <= COLUMNS; x++) {
      const place = { x, y, w, h: size.h }
      if (!Object.values(places).some((other) => meets(place, other))) return place
    }
  }
}

// On a phone: before or after its neighbour in reading order, with as little else moved as that allows; the order goes
// before the gaps that it may leave.
export function passed(widgets, id, step) {
  const order = inReadingOrder(widgets).map((widget) => widget.id)
  const places = Object.fromEntries(widgets.map((widget) => [widget.id, { ...widget.place }]))
  const at = order.indexOf(id)
  const other = order[at + step]
  if (!other) return places
  const wanted = order.with(at, other).with(at + step, id)
  const kept = (found) => wanted.every((name, i) => name === inOrder(found)[i])
  const [p, q] = [places[id], places[other]]
  const swapped = settled({ ...places, [id]: { ...p, x: q.x, y: q.y }, [other]: { ...q, x: p.x, y: p.y } }, step < 0 ? id : other)
  if (kept(swapped)) return swapped
  const flowed = flow(wanted, places)
  const close = settled(flowed)
  return kept(close) ? close : flowed
}

const inOrder = (places) => Object.keys(places).sort((a, b) => places[a].y - places[b].y || places[a].x - places[b].x)

// Each where it fits first, after the one before it.
function flow(order, places) {
  const done = {}
  let last = { x: -1, y: 0 }
  for (const id of order) {
    const { w, h } = places[id]
    let x = last.x + 1
    let y = last.y
    while (x + w > COLUMNS || Object.values(done).some((other) => meets({ x, y, w, h }, other))) {
      x++
      if (x + w > COLUMNS) [x, y] = [0, y + 1]
    }
    done[id] = last = { x, y, w, h }
  }
  return done
}

function fit(place) {
  const w = Math.max(1, Math.min(COLUMNS, place.w))
  return { w, h: Math.max(1, place.h), x: Math.max(0, Math.min(COLUMNS - w, place.x)), y: Math.max(0, place.y) }
}
