/** The search store on real Elasticsearch servers (ELASTIC_URL 8.19, ELASTIC9_URL 9): the contract, the schema, gates, and a server that goes away. */
import { randomBytes } from 'node:crypto'
import { Client } from '@elastic/elasticsearch'
import { describe } from 'vitest'
import { migrate } from '../../src/stores/schema.ts'
import { openElasticSearch } from '../../src/stores/search.elastic.ts'
import { searchContract } from '../contracts/search.ts'

const SERVERS = [
  { name: 'Elasticsearch 8.19 (ELASTIC_URL)', url: process.env.ELASTIC_URL },
  { name: 'Elasticsearch 9 (ELASTIC9_URL)', url: process.env.ELASTIC9_URL },
]

for (const { name, url } of SERVERS)
  describe.skipIf(!url)(name, () => {
    const raw = new Client({ node: url ?? 'http://127.0.0.1:1' })
    /** A prefix of its own for every test: making two small indices is quicker than emptying old ones. */
    const fresh = async () => {
      const prefix = `looma-test-${randomBytes(6).toString('hex')}`
      const store = await openElasticSearch(`${url}/${prefix}`)
      await migrate(store.schema, 'test')
      const close = async () => {
        await store.close()
        const indices = Object.keys(await raw.indices.get({ index: `${prefix}-*` }))
        if (indices.length > 0) await raw.indices.delete({ index: indices })
      }
      return { store, prefix, close }
    }
    searchContract(`search on ${name}`, fresh)
  })
