// One widget as it would be with other settings: asked for on its own, a moment after the last change.

import { find } from "../dom.js"
import { part } from "../part.js"
import { when } from "./glyph.js"
import * as loop from "./loop.js"
import { ready } from "./paint.js"
import { Tile } from "./tile.js"

const CALM = 150

export const mount = part((root, self) => {
  const room = find(root, "room")
  const board = {
    loop, room, holder: find(root, "tiles"), mode: "arrange", explains: false, picks: false,
    get currency() { return self.data.currency },
    get zone() { return self.data.zone },
    act() {}, label: (kind) => kind, scale: () => 1, revision: (id) => id, filtered: () => false, pause() {}, resume() {}, painted() {},
  }
  when(room)
  let tile = null
  let asked = ""
  let timer = 0

  async function ask() {
    const { widget } = self.data
    const mine = asked
    try {
      await ready()
      const drawing = await loop.preview(widget, self.data)
      if (mine === asked) tile.show({ drawing })
    } catch (error) {
      if (mine === asked) tile.show({ error: { message: error.message } })
    }
  }

  return {
    paint() {
      const { widget } = self.data
      if (!tile) {
        tile = new Tile(widget.id, board)
        board.holder.append(tile.node)
      }
      room.classList.toggle("madeup", Boolean(loop.state.frame?.origin.made_up))
      tile.settle(widget, 0)
      const wanted = JSON.stringify([widget.kind, widget.spec, widget.title, self.data.state])
      if (wanted === asked) return
      clearTimeout(timer)
      timer = setTimeout(ask, asked ? CALM : 0)
      asked = wanted
    },
    end() {
      clearTimeout(timer)
      tile?.end()
    },
  }
})
