/** Global set-up: one embedded queue, made once; each system under test starts on a copy, which saves the four seconds of its first start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { createLog } from '../src/log.ts'
import { openQueue } from '../src/queues/connection.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    queueTemplate: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'looma-template-'))
  const queue = await openQueue('pglite:', join(folder, 'queue'), createLog('silent'), (error) => {
    throw error
  })
  await queue.close()
  project.provide('queueTemplate', join(folder, 'queue'))
  return () => rm(folder, { recursive: true, force: true })
}
