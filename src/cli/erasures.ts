/** `looma erasures`: who was erased, and the proofs by which a Looma that is restored from a backup erases them again. */
import { readFile } from 'node:fs/promises'
import { columns, minute, type Remote } from './remote.ts'

type Print = (line: string) => void
type Erasure = {
  id: string
  subject: string
  status: string
  requestedAt: string
  completedAt: string | null
  proof: string | null
  genuine: boolean | null
}

export async function listErasures(remote: Remote, print: Print): Promise<void> {
  const rows: (string | null)[][] = []
  for await (const { subject, status, requestedAt, completedAt } of erasures(remote))
    rows.push([subject, status, minute(requestedAt), minute(completedAt)])
  if (rows.length === 0) return print('Nobody was erased.')
  for (const line of columns([['TALENT', 'STATUS', 'ORDERED (UTC)', 'DONE (UTC)'], ...rows])) print(line)
}

/**
 * Prints the proofs of all erasures that stand, one a line. Answers the exit code: 1 where one is left out, since it is still being carried out or
 * its proof was signed with a secret that is no longer used.
 */
export async function exportErasures(remote: Remote, print: Print, tell: Print): Promise<number> {
  let left = 0
  for await (const { subject, status, proof, genuine } of erasures(remote)) {
    if (status === 'lifted') continue
    if (proof && genuine) {
      print(proof)
      continue
    }
    left++
    tell(
      status === 'open'
        ? `${subject} is left out: still being carried out, export again later`
        : `${subject} is left out: the secret was changed since its proof was signed; POST /v1/talents/${subject}/erasure signs it anew`,
    )
  }
  return left > 0 ? 1 : 0
}

/** Repeats the erasures that the proofs in `file` tell of. Answers the exit code: 1 where one was refused; the others are repeated all the same. */
export async function repeatErasures(remote: Remote, file: string, print: Print, tell: Print): Promise<number> {
  const proofs = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
  const counts = new Map<string, number>()
  let refused = 0
  for (const [i, proof] of proofs.entries()) {
    if (proof === '') continue
    try {
      const { status } = await remote<Erasure>('POST', '/v1/erasures', { proof })
      counts.set(status, (counts.get(status) ?? 0) + 1)
    } catch (error) {
      // Nothing answers, nor will it for the lines that follow.
      if ((error as Error).cause !== undefined) throw error
      refused++
      tell(`line ${i + 1}: ${(error as Error).message}`)
    }
  }
  const all = [...counts, ...(refused > 0 ? [['refused', refused] as const] : [])]
  print(all.length === 0 ? 'The file holds no proof.' : all.map(([status, n]) => `${n} ${status}`).join(', '))
  return refused > 0 ? 1 : 0
}

async function* erasures(remote: Remote): AsyncGenerator<Erasure> {
  for (let cursor = ''; ; ) {
    const page = await remote<{ data: Erasure[]; next: string | null }>('GET', `/v1/erasures?limit=200${cursor}`)
    yield* page.data
    if (page.next === null) return
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
}
