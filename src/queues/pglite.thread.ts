/** Worker thread that owns the PGlite instance: PGlite blocks its thread while a statement runs, so it may not live beside HTTP. */
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

type Call = { id: number; text: string; params?: unknown[] }

const port = parentPort!
const { dataDir } = workerData as { dataDir: string | undefined }
// The WAL never shrinks by default. Durability is not asked of the queue: the ledger is the truth and drives lost jobs again.
const db = await PGlite.create(dataDir ? { dataDir, relaxedDurability: true } : {})
for (const setting of ["max_wal_size = '64MB'", "min_wal_size = '32MB'"]) await db.exec(`alter system set ${setting}`)
await db.exec('select pg_reload_conf()')
db.onNotification((channel, payload) => port.postMessage({ notify: { channel, payload } }))

// PGlite has no autovacuum: without this, 10,000 rows updated 70 times grew from 14 MB to 900 MB.
let statements = 0
const VACUUM_EVERY = 20_000

port.on('message', async (call: Call | 'close') => {
  if (call === 'close') {
    await db.close()
    port.close()
    return
  }
  try {
    if (call.params?.length) {
      const { rows, affectedRows } = await db.query(call.text, call.params)
      port.postMessage({ id: call.id, rows, rowCount: affectedRows || rows.length })
    } else {
      const results = await db.exec(call.text)
      const last = results.at(-1)
      port.postMessage({ id: call.id, rows: last?.rows ?? [], rowCount: last?.affectedRows || (last?.rows.length ?? 0) })
    }
    // Inside a transaction VACUUM is refused; the next round comes soon enough.
    if (++statements % VACUUM_EVERY === 0)
      await db.exec('vacuum').then(
        () => db.exec('checkpoint'),
        () => {},
      )
  } catch (error) {
    const { message, code, detail } = error as Error & { code?: string; detail?: string }
    port.postMessage({ id: call.id, error: { message, code, detail } })
  }
})
port.postMessage('ready')
