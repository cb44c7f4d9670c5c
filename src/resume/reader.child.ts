/**
 * The child side of reader.ts: reads one document at a time and answers over IPC. It holds no secrets (empty environment), writes nothing and
 * has no network use; a hostile document can at worst end this process.
 */
import { open } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { ReadReply, ReadRequest } from './protocol.ts'
import { readResume } from './read.ts'

// The parent is gone: nobody waits for an answer, and an orphan would hold its memory for ever. Not process.exit(): that waits for the threads of
// pending file reads, and a read from a hung disk or pipe never ends.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (request: ReadRequest) => {
  answer(request).then((reply) => process.send?.(reply))
})

async function answer({ path, maxBytes }: ReadRequest): Promise<ReadReply> {
  const started = performance.now()
  try {
    const read = await readResume(await load(path, maxBytes))
    return { status: 'read', ...read, ms: Math.round(performance.now() - started) }
  } catch (error) {
    if (error instanceof AppError) return { status: 'unreadable', code: error.code }
    // Only the kind of error leaves this process: messages of parsers quote the text they failed on.
    return { status: 'failed', name: error instanceof Error ? error.name : typeof error }
  }
}

/** The size is checked before and while reading: a file may grow, and a pipe has no size. */
async function load(path: string, maxBytes: number): Promise<Uint8Array> {
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
