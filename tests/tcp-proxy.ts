/** A TCP proxy on 127.0.0.1 to a port there: its connections can be broken, and its answers held up. */
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export type TcpProxy = {
  port: number
  /** Breaks every connection, and refuses new ones until `up`. */
  down(): void
  up(): void
  /** Every piece of an answer comes so many milliseconds later. */
  late(ms: number): void
  close(): Promise<void>
}

export async function openProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let refusing = false
  let lateMs = 0
  const server = createServer({ noDelay: true }, (near) => {
    if (refusing) {
      near.resetAndDestroy()
      return
    }
    const far = createConnection({ host: '127.0.0.1', port: target, noDelay: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      // What ends one side ends the other, as a broken line would.
      socket.once('error', () => other.destroy())
      socket.once('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
    near.pipe(far)
    void answer(far, near)
  })
  async function answer(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from) {
        if (lateMs > 0) await delay(lateMs, undefined, { ref: false })
        if (!to.write(piece)) await once(to, 'drain')
      }
      to.end()
    } catch {
      to.destroy()
    }
  }
  const breakAll = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    down() {
      refusing = true
      breakAll()
    },
    up() {
      refusing = false
    },
    late(ms) {
      lateMs = ms
    },
    async close() {
      breakAll()
      server.close()
      await once(server, 'close')
    },
  }
}
