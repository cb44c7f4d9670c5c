/** Idempotency-Key: the same key and body get the first answer again; another body is refused; a request in flight is not run twice. */
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { newId } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { KeyHolder } from '../ledger/ports.ts'
import type { Answer, Call } from './route.ts'
import { batchView } from './views.ts'

/**
 * `work` reads the body and takes all of it into `fingerprint`, null where no key was given. `drain` does the same without any effect: it is
 * what a repeat is compared by.
 */
export async function idempotent(
  call: Call,
  work: (fingerprint: Hash | null) => Promise<Answer>,
  drain: (fingerprint: Hash) => Promise<void>,
): Promise<Answer> {
  const given = call.req.get('idempotency-key')
  if (given === undefined) return work(null)
  if (given.length < 1 || given.length > 200) throw new AppError('invalid-request', 'Idempotency-Key has 1 to 200 characters')
  const { processId } = call.deps
  const { tenant } = call.caller
  const key = `${call.req.method} ${call.req.path} ${given}`
  const working = JSON.stringify([processId, tenant, key])
  if (inWork.has(working)) throw new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })
  inWork.add(working)
  try {
    return await underKey(call, key, { processId, request: newId('k') }, work, drain)
  } finally {
    inWork.delete(working)
  }
}

/** What this process works on now: a key of its own in the ledger that is not in here was left by a request that could not end. */
const inWork = new Set<string>()

async function underKey(
  call: Call,
  key: string,
  holder: KeyHolder,
  work: (fingerprint: Hash) => Promise<Answer>,
  drain: (fingerprint: Hash) => Promise<void>,
): Promise<Answer> {
  const { ledger } = call.deps
  const { tenant } = call.caller
  const known = await ledger.idempotencyStart(tenant, key, holder)
  if (known.state === 'in-flight') throw new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })
  const fingerprint = createHash('sha256').update(JSON.stringify(call.query))
  if (known.state === 'done') {
    await drain(fingerprint)
    if (fingerprint.digest('hex') !== known.hash) throw new AppError('idempotency-key-reused')
    // Without a body, the process ended between storing the batch and storing the answer: the batch itself is the answer.
    const body = known.body === null ? await batchAt(call, known.location) : JSON.parse(known.body)
    return {
      status: known.status,
      body,
      location: known.location ?? undefined,
      headers: { 'idempotency-replayed': 'true' },
    }
  }
  call.idempotency = { key, holder, hash: () => fingerprint.copy().digest('hex') }
  try {
    const answer = await work(fingerprint)
    await ledger.idempotencyEnd(tenant, key, holder, {
      hash: fingerprint.digest('hex'),
      status: answer.status,
      body: JSON.stringify(answer.body),
      location: answer.location ?? null,
    })
    return answer
  } catch (error) {
    // Nothing was done, so the key is free for another try. Where it cannot be freed now, the next try finds that nobody works on it.
    await ledger.idempotencyEnd(tenant, key, holder, null).catch(() => undefined)
    throw error
  }
}

async function batchAt(call: Call, location: string | null): Promise<unknown> {
  const batch = await call.deps.ledger.batch(call.caller.tenant, location?.split('/').at(-1) ?? '')
  return batch ? { ...batchView(batch), rejected: [] } : null
}

/** The stream with all its bytes taken into the hash on the way; as it is without one. */
export function throughHash(input: Readable, fingerprint: Hash | null): Readable {
  if (!fingerprint) return input
  return Readable.from(
    (async function* () {
      for await (const chunk of input as AsyncIterable<Buffer>) {
        fingerprint.update(chunk)
        yield chunk
      }
    })(),
    { objectMode: false },
  )
}

export async function drainInto(input: Readable, fingerprint: Hash): Promise<void> {
  for await (const chunk of input as AsyncIterable<Buffer>) fingerprint.update(chunk)
}
