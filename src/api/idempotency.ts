/** Idempotency-Key: the same key and body get the first answer again; another body is refused; a request in flight is not run twice. */
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { newId } from '../canonical/ids.ts'
import { AppError } from '../errors.ts'
import type { Batch, KeyHolder } from '../ledger/ports.ts'
import type { Answer, Call } from './route.ts'
import { answerBatch } from './work.ts'

/**
 * `work` reads the body and takes all of it into `fingerprint`, null where no key was given. `drain` does the same without any effect: it is
 * what a repeat is compared by. `goOn` answers a repeat where the process died between storing the batch and the answer: it does what `work` does
 * once it has the batch. Where it is not given, the batch is the answer.
 */
export async function idempotent(
  call: Call,
  work: (fingerprint: Hash | null) => Promise<Answer>,
  drain: (fingerprint: Hash) => Promise<void>,
  goOn: (batch: Batch) => Promise<Answer> = (batch) => answerBatch(call, batch, { rejected: [] }),
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
    return await underKey(call, key, { processId, request: newId('k') }, work, drain, goOn)
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
  goOn: (batch: Batch) => Promise<Answer>,
): Promise<Answer> {
  const { ledger } = call.deps
  const { tenant } = call.caller
  const known = await ledger.idempotencyStart(tenant, key, holder)
  if (known.state === 'in-flight') throw new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })
  const fingerprint = createHash('sha256').update(JSON.stringify(call.query))
  if (known.state === 'done') {
    await drain(fingerprint)
    if (fingerprint.digest('hex') !== known.hash) throw new AppError('idempotency-key-reused')
    const answer =
      known.body === null ? await goOn(await batchAt(call, known.location)) : storedAnswer(known.status, known.body, known.location)
    return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } }
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

const storedAnswer = (status: number, body: string, location: string | null): Answer => ({
  status,
  body: JSON.parse(body),
  location: location ?? undefined,
})

/** Throws `not-found` where retention has taken the batch. */
async function batchAt(call: Call, location: string | null): Promise<Batch> {
  const batch = await call.deps.ledger.batch(call.caller.tenant, location?.split('/').at(-1) ?? '')
  if (!batch) throw new AppError('not-found')
  return batch
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
