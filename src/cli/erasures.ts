/** `looma erasures`: who was erased, and the proofs by which a Looma that is restored from a backup erases them again. */
import { readFile } from 'node:fs/promises'
import { columns, minute, type Remote } from './remote.ts'

type Print = (line: string) => void
type Erasure = { id: string; subject: string; status: string; requestedAt: string; completedAt: string | null; proof: string | null }

export async function listErasures(remote: Remote, print: Print): Promise<void> {
  const rows: (string | null)[][] = []
  for await (const { subject, status, requestedAt, completedAt } of erasures(remote))
    rows.push([subject, status, minute(requestedAt), minute(completedAt)])
  if (rows.length === 0) return print('Nobody was erased.')
  for (const line of columns([['TALENT', 'STATUS', 'ORDERED (UTC)', 'DONE (UTC)'], ...rows])) print(line)
}

/** Prints the proofs of all erasures that stand, one a line. Answers the exit code: 1 where one is still being carried out and has no proof yet. */
export async function exportErasures(remote: Remote, print: Print, tell: Print): Promise<number> {
  const open: string[] = []
  for await (const { subject, status, proof } of erasures(remote)) {
    if (status === 'open') open.push(subject)
    else if (status === 'done' && proof) print(proof)
  }
  if (open.length > 0) tell(`still being carried out, so export again later: ${open.join(', ')}`)
  return open.length > 0 ? 1 : 0
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
