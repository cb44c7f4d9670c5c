/** The child side of a pool that reads documents: loads one file at a time and answers over IPC. */
import { open } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import { NoTextLayer } from './honesty.ts'
import type { ReadRequest } from './protocol.ts'

/** Answers every message of the parent with what `read` makes of the file. A child holds no secrets (empty environment), writes nothing and has no network use. */
export function serve<Request extends ReadRequest>(read: (bytes: Uint8Array, request: Request) => Promise<object>): void {
  // The parent is gone: nobody waits for an answer, and an orphan would hold its memory for ever. Not process.exit(): that waits for the threads of
  // pending file reads, and a read from a hung disk or pipe never ends.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.on('message', (request: Request) => {
    answer(request, read).then((reply) => process.send?.(reply))
  })
}

async function answer<Request extends ReadRequest>(
  request: Request,
  read: (bytes: Uint8Array, request: Request) => Promise<object>,
): Promise<object> {
  const started = performance.now()
  try {
    const found = await read(await load(request), request)
    return { status: 'read', ...found, ms: Math.round(performance.now() - started) }
  } catch (error) {
    if (error instanceof AppError) return { status: 'unreadable', code: error.code, ...(error instanceof NoTextLayer && { image: true }) }
    // Only the kind of error leaves this process: messages of parsers quote the text they failed on.
    return { status: 'failed', name: error instanceof Error ? error.name : typeof error }
  }
}

/** The size is checked before and while reading: a file may grow, and a pipe has no size. */
async function load({ path, maxBytes }: ReadRequest): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new AppError('blob-missing') : error
  })
  try {
    if ((await file.stat()).size > maxBytes) throw new AppError('too-large')
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      size += chunk.length
      if (size > maxBytes) throw new AppError('too-large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } finally {
    await file.close()
  }
}
