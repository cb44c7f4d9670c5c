/** The property of tests/sync/property.ts on MongoDB (MONGO_URL) and on Neo4j (NEO4J_URL); what is not named stays embedded. */
import { randomBytes } from 'node:crypto'
import { describe, it } from 'vitest'
import { mongoDocuments } from '../../src/stores/documents.mongo.ts'
import { openNeo4jGraph } from '../../src/stores/graph.neo4j.ts'
import { openMongo } from '../../src/stores/mongo.ts'
import { migrate } from '../../src/stores/schema.ts'
import { openModelStores } from '../sync/model.ts'
import { converges } from '../sync/property.ts'

const { MONGO_URL, NEO4J_URL } = process.env
const RUNS = 40

describe('any order, repetition, page size and crash leads to the same', () => {
  it.skipIf(!MONGO_URL)('documents on MongoDB (MONGO_URL)', async () => {
    const url = new URL(MONGO_URL!)
    url.pathname = `/looma_test_${randomBytes(6).toString('hex')}`
    const mongo = openMongo(url.href)
    const here = openModelStores()
    try {
      const documents = mongoDocuments(mongo)
      await migrate(documents.schema, 'test')
      await converges({ documents, graph: here.graph }, RUNS)
    } finally {
      await mongo.db.dropDatabase()
      await mongo.close()
      here.documents.close()
      here.graph.close()
    }
  })

  it.skipIf(!NEO4J_URL)('graph on Neo4j (NEO4J_URL)', async () => {
    const graph = await openNeo4jGraph(NEO4J_URL!)
    const here = openModelStores()
    try {
      await migrate(graph.schema, 'test')
      await converges({ documents: here.documents, graph }, RUNS)
    } finally {
      await graph.close()
      here.documents.close()
      here.graph.close()
    }
  })
})
