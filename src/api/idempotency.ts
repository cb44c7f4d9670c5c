/** Idempotency-Key: the same key and body get the first answer again; another body is refused; a request in flight is not run twice. */
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { AppError } from '../errors.ts'
import type { Answer, Call } from './route.ts'

/**
 * `work` reads the body and takes all of it into `fingerprint`. `drain` does the same without any effect: it is what a repeat is compared by.
 */
export async function idempotent(
  call: Call,
  work: (fingerprint: Hash) => Promise<Answer>,
  drain: (fingerprint: Hash) => Promise<void>,
): Promise<Answer> {
  const given = call.req.get('idempotency-key')
  if (given === undefined) return work(createHash('sha256'))
  if (given.length < 1 || given.length > 200) throw new AppError('invalid-request', 'Idempotency-Key has 1 to 200 characters')
  const { ledger } = call.deps
  const { tenant } = call.caller
  const key = `${call.req.method} ${call.req.path} ${given}`
  const known = await ledger.idempotencyStart(tenant, key)
  if (known.state === 'in-flight') throw new AppError('idempotency-in-flight', undefined, { retryAfter: 1 })
  const fingerprint = createHash('sha256').update(JSON.stringify(call.query))
  if (known.state === 'done') {
    await drain(fingerprint)
    if (fingerprint.digest('hex') !== known.hash) throw new AppError('idempotency-key-reused')
    return {
      status: known.status,
      body: JSON.parse(known.body),
      location: known.location ?? undefined,
      headers: { 'idempotency-replayed': 'true' },
    }
  }
  try {
    const answer = await work(fingerprint)
    await ledger.idempotencyEnd(tenant, key, {
      hash: fingerprint.digest('hex'),
      status: answer.status,
      body: JSON.stringify(answer.body),
      location: answer.location ?? null,
    })
    return answer
  } catch (error) {
    // Nothing was done, so the key is free for another try.
    await ledger.idempotencyEnd(tenant, key, null)
    throw error
  }
}

/** The stream with all its bytes taken into the hash on the way. */
export function throughHash(input: Readable, fingerprint: Hash): Readable {
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
