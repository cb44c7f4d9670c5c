/** `looma sync verify`: whether all stores say the same, and what differs. Works on the stores themselves, beside a Looma that runs or not. */
import type { Config } from '../config.ts'
import { createLog } from '../log.ts'
import { BUCKETS, repairProjection, verifyProjection } from '../matching/verify.ts'
import { loadManifest } from '../models/manifest.ts'
import { openStores } from '../stores/open.ts'
import { createSources } from '../sync/sources.ts'
import { repairSources, verifySources } from '../sync/verify.ts'

type Print = (line: string) => void
const SHOWN = 20

/** Answers the exit code: 1 where something differs and was not marked for repair. */
export async function verify(
  config: Config,
  { tenant, repair = false, json = false }: { tenant: string; repair?: boolean; json?: boolean },
  print: Print,
): Promise<number> {
  const { manifest } = await loadManifest(config.modelsDir)
  const sources = createSources(config.sources)
  const { places: _places, close, ...stores } = await openStores(config, createLog('silent'))
  try {
    const sourced = await verifySources(stores.documents, tenant, sources.rules(tenant))
    if (repair) await repairSources(stores.documents, tenant, sourced)
    const verified = []
    for (const projection of ['search', 'graph', 'vectors'] as const) {
      const one = await verifyProjection(stores, tenant, projection, manifest.space)
      if (repair) await repairProjection(stores, tenant, one)
      verified.push(one)
    }
    const total = [sourced, ...verified].reduce((sum, { differences }) => sum + differences.length, 0)
    if (json) print(JSON.stringify({ sources: sourced, projections: verified }))
    else {
      print(`sources   ${sourced.records} records, ${sourced.canonical} made from them: ${differ(sourced.differences.length)}`)
      show(sourced.differences.map(({ kind, id, what }) => `${kind} ${id}: ${what}`))
      for (const { projection, documents, pending, unequal, differences } of verified) {
        const waiting = pending > 0 ? `, ${pending} wait to be written` : ''
        print(
          `${projection.padEnd(9)} ${documents} documents, ${unequal} of ${BUCKETS} buckets unequal${waiting}: ${differ(differences.length)}`,
        )
        show(
          differences.map(
            ({ kind, id, what, ver, held }) =>
              `${kind} ${id}: ${what}${held !== null && ver !== null ? ` (${held}, should be ${ver})` : ''}`,
          ),
        )
      }
      if (total > 0 && repair) print('Marked: the scheduler writes them anew.')
      if (total > 0 && !repair) print('looma sync verify --repair marks them, so that they are written anew.')
    }
    return total > 0 && !repair ? 1 : 0
  } finally {
    await close()
    await sources.close()
  }

  function show(lines: string[]): void {
    for (const line of lines.slice(0, SHOWN)) print(`  ${line}`)
    if (lines.length > SHOWN) print(`  and ${lines.length - SHOWN} more (--json lists all)`)
  }
}

const differ = (n: number): string => (n === 0 ? 'nothing differs' : n === 1 ? '1 differs' : `${n} differ`)
