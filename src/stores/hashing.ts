import { canonicalJson, sha256 } from '../canonical/ids.ts'
import { createPacer } from './pacing.ts'
import type { DocWrite } from './ports.ts'

/** A write with the canonical JSON of its data and the sha256 of that and its basis, by which a write that changes nothing is known. */
export type HashedWrite = DocWrite & { json: string; hash: string }

/** Gives the event loop its turns: hashing is the larger part of writing documents. */
export async function hashed(writes: DocWrite[], pace = createPacer()): Promise<HashedWrite[]> {
  const done: HashedWrite[] = []
  for (const write of writes) {
    const json = canonicalJson(write.data)
    done.push({ ...write, json, hash: sha256(write.basis === undefined ? json : `${json}\n${write.basis}`) })
    await pace()
  }
  return done
}
