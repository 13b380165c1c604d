// The line under a dashboard's title: the moment that all of its figures belong to.

import { find, make } from "../dom.js"
import { clock, day, moment } from "../format.js"
import { part } from "../part.js"
import * as loop from "./loop.js"

export const mount = part((root, self) => {
  const line = find(root, "instant")
  let said = ""

  function paint() {
    const { frame } = loop.state
    if (!frame) return
    const { instant } = frame
    const zone = self.data.zone
    const pieces = self.data.clock ? [["", clock(instant.asOf, zone)]] : [
      ["Data through ", instant.dataThrough ? moment(instant.dataThrough, zone, instant.asOf) : "nothing yet"],
      ["computed ", clock(instant.computedAt, zone)],
      [`${day(instant.asOf, zone)}, ${zone}`],
      [instant.seq ? `snapshot ${instant.seq}` : "between two snapshots"],
    ]
    line.classList.toggle("clock", Boolean(self.data.clock))
    const words = JSON.stringify(pieces)
    if (words === said) return
    said = words
    line.replaceChildren(...pieces.flatMap(([before, strong], i) => {
      const piece = make("span", "far", before)
      if (strong) piece.append(make("b", "", strong))
      return i ? [" \u00b7 ", piece] : [piece]
    }))
  }

  const leave = loop.join((what) => what === "answer" && paint())
  return { paint, end: leave }
})
