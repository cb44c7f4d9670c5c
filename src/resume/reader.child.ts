/**
 * The child side of reader.ts: reads one document at a time and answers over IPC. It holds no secrets (empty environment), writes nothing and
 * has no network use; a hostile document can at worst end this process.
 */
import { open } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import { readResume } from './read.ts'
import type { ReadReply, ReadRequest } from './protocol.ts'

// The parent is gone: nobody waits for an answer, and an orphan would hold its memory for ever.
process.on('disconnect', () => process.exit(0))
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

async function load(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new AppError('blob-missing') : error
  })
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new AppError('too-large')
    return await file.readFile()
  } finally {
    await file.close()
  }
}
