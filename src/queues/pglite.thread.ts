/** Worker thread that owns the PGlite instance: PGlite blocks its thread while a statement runs, so it may not live beside HTTP. */
import { workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { emitFromThread, serveThread } from '../thread.ts'

const { dataDir } = workerData as { dataDir: string | undefined }
// The WAL never shrinks by default. Durability is not asked of the queue: the ledger is the truth and drives lost jobs again.
const db = await PGlite.create(dataDir ? { dataDir, relaxedDurability: true } : {})
for (const setting of ["max_wal_size = '64MB'", "min_wal_size = '32MB'"]) await db.exec(`alter system set ${setting}`)
await db.exec('select pg_reload_conf()')
db.onNotification((channel, payload) => emitFromThread({ channel, payload }))

// PGlite has no autovacuum: without this, 10,000 rows updated 70 times grew from 14 MB to 900 MB.
let statements = 0
const VACUUM_EVERY = 20_000

async function run(text: string, params?: unknown[]) {
  if (params?.length) {
    const { rows, affectedRows } = await db.query(text, params)
    return { rows, rowCount: affectedRows || rows.length }
  }
  const last = (await db.exec(text)).at(-1)
  return { rows: last?.rows ?? [], rowCount: last?.affectedRows || (last?.rows.length ?? 0) }
}

serveThread(
  {
    async query(text: string, params?: unknown[]) {
      const result = await run(text, params)
      // Inside a transaction VACUUM is refused; the next round comes soon enough.
      if (++statements % VACUUM_EVERY === 0)
        void db.exec('vacuum').then(
          () => db.exec('checkpoint'),
          () => undefined,
        )
      return result
    },
  },
  () => db.close(),
)
