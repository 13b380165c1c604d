// Axis ticks at round numbers, at most five, on a scale that does not jump with every point.

const STEPS = [1, 2, 2.5, 5, 10]

function stepFor(span, whole) {
  const raw = span / 4
  const size = 10 ** Math.floor(Math.log10(raw))
  const step = STEPS.map((factor) => factor * size).find((candidate) => candidate >= raw * 0.999)
  return whole ? Math.max(1, Math.ceil(step)) : step
}

export function ticksFor(low, high, whole) {
  if (high - low < 1e-9) {
    const room = Math.max(Math.abs(high) * 0.002, 2)
    low = low >= 0 ? Math.max(0, low - room) : low - room
    high += room
  }
  let step = stepFor(high - low, whole)
  let ticks = []
  for (let tries = 0; tries < 4; tries++) {
    const first = Math.floor(low / step + 1e-9) * step
    const last = Math.ceil(high / step - 1e-9) * step
    ticks = []
    for (let value = first; value <= last + step * 0.001; value += step) ticks.push(Math.round(value * 1e6) / 1e6)
    if (ticks.length <= 5) break
    step = stepFor(step * 4.01, whole)
  }
  return ticks
}

// The old ticks stay while the data fits them well.
export function steady(old, low, high, whole) {
  if (old && low >= old[0] && high <= old.at(-1) && high - low >= (old.at(-1) - old[0]) * 0.3) return old
  if (old && high - low < 1e-9 && low > old[0] && high < old.at(-1)) return old
  return ticksFor(low, high, whole)
}
