import { afterAll, it } from 'vitest'
import { openModelStores } from './sync/model.ts'
import { converges } from './sync/property.ts'

const stores = openModelStores()
afterAll(() => {
  stores.documents.close()
  stores.graph.close()
})

it('any order, repetition, page size and crash leads to the same documents and graph', async () => {
  await converges(stores, 600)
})
