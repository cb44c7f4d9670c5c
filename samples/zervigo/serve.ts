/** `node samples/zervigo/serve.ts [--port N] [--records N] [--generation C]`: the double alone, for trying a sync by hand. */
import { parseArgs } from 'node:util'
import { makeData } from './data.ts'
import { ADMIN, startZervigo } from './double.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    records: { type: 'string', default: '200' },
    generation: { type: 'string', default: 'C' },
  },
})
const generation = values.generation as 'A' | 'B' | 'C'
const zervigo = await startZervigo({ data: makeData(Number(values.records)), generation, port: Number(values.port) })
const { companies, ...urls } = zervigo.urls
const settings = { generation, urls: generation === 'C' ? urls : { ...urls, companies }, ...ADMIN }
console.log('# A sources file for this Zervigo; save it and start Looma with SOURCES_FILE=sources.json')
console.log(JSON.stringify({ sources: { zervigo: { tenant: 'demo', kind: 'zervigo', zervigo: settings } } }, null, 2))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void zervigo.close().then(() => process.exit(0)))
