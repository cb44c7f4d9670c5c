/** What a ledger must be able to show of batches that have ended, however they came to their end. */
import type { Ledger } from '../src/ledger/ports.ts'

export type Submitted = { id: string; items: number; unreadable: number; failed?: number }

/** One line for each batch that is not as it was submitted: counts, the law they obey, and that each item was told once to have ended. */
export async function outcomeFaults(ledger: Ledger, tenant: string, batches: Iterable<Submitted>): Promise<string[]> {
  const faults: string[] = []
  for (const { id, items, unreadable, failed = 0 } of batches) {
    const batch = await ledger.batch(tenant, id)
    const counts = { submitted: items, done: items - unreadable - failed, failed, unreadable, cancelled: 0, waiting: 0, running: 0 }
    const found = JSON.stringify([batch?.state, ...Object.keys(counts).map((key) => batch?.counts[key as keyof typeof counts])])
    const wanted = JSON.stringify(['closed', ...Object.values(counts)])
    if (found !== wanted) faults.push(`${id}: ${found} where ${wanted} was wanted`)
    const audit = JSON.stringify(await ledger.audit(tenant, id))
    if (audit !== JSON.stringify(batch?.counts))
      faults.push(`${id}: its items add up to ${audit}, it says ${JSON.stringify(batch?.counts)}`)
    const ends = await endsOf(ledger, tenant, id)
    const twice = [...ends].filter(([, n]) => n !== 1)
    if (ends.size !== items || twice.length > 0) faults.push(`${id}: ${ends.size} of ${items} ends were told, more than once ${twice}`)
  }
  return faults
}

async function endsOf(ledger: Ledger, tenant: string, batchId: string): Promise<Map<number, number>> {
  const ends = new Map<number, number>()
  for (let after = 0; ; ) {
    const events = await ledger.events(tenant, batchId, after, 500)
    if (events.length === 0) return ends
    after = events.at(-1)!.seq
    for (const { type, data } of events)
      if (type === 'items')
        for (const { n, to } of (data as { items: { n: number; to: string }[] }).items)
          if (to !== 'passed') ends.set(n, (ends.get(n) ?? 0) + 1)
  }
}
