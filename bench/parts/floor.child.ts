import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

const redis = new Redis(process.argv[2]!)

/** The bench deletes this stream between rounds. */
const STREAM = 'floor'

const server = createServer((req, res) => {
  const parts: Buffer[] = []
  req.on('data', (part: Buffer) => parts.push(part))
  req.on('end', async () => {
    const id = await redis.xadd(STREAM, '*', 'body', Buffer.concat(parts))
    res.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ id }))
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => process.exit())
