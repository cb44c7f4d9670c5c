/** Submits batches of two chunks, ten at a time, until it is killed; tells each id once its submission was answered. */
import { openLedgerHere } from '../src/stores/ledger.sqlite.ts'

const ledger = openLedgerHere(process.argv[2]!)
const chunk = (size: number, from: number) => ({
  stages: ['ingest' as const],
  barrier: null,
  items: Array.from({ length: size }, (_, i) => ({ n: from + i, type: 'talent', key: null, input: { i } })),
})
for (let round = 0; round < 1000; round++)
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const { id } = await ledger.submit('acme', { id: `b${round}-${i}` }, [chunk(2, 0), chunk(3, 2)])
      process.stdout.write(`${id}\n`)
    }),
  )
