/** The adapters on MongoDB (MONGO_URL): the contracts, and what is particular to the server. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mongoDocuments } from '../../src/stores/documents.mongo.ts'
import { type Mongo, openMongo } from '../../src/stores/mongo.ts'
import { migrate, schemaState } from '../../src/stores/schema.ts'
import { documentsContract } from '../contracts/documents.ts'

const MONGO_URL = process.env.MONGO_URL

describe.skipIf(!MONGO_URL)('on MongoDB', () => {
  let mongo: Mongo
  beforeAll(() => {
    const url = new URL(MONGO_URL!)
    url.pathname = `/looma_test_${randomBytes(6).toString('hex')}`
    mongo = openMongo(url.href)
  })
  afterAll(async () => {
    await mongo?.db.dropDatabase()
    await mongo?.close()
  })
  const emptied = async () => {
    for (const { name } of await mongo.db.listCollections().toArray())
      if (name !== 'migrations') await mongo.db.collection(name).deleteMany({})
  }

  documentsContract('documents', async () => {
    const store = mongoDocuments(mongo)
    await migrate(store.schema, 'test')
    await emptied()
    return { store, close: () => undefined }
  })

  it('says what is to be migrated, migrates once, and refuses what a newer version wrote', async () => {
    await mongo.db.collection('migrations').deleteMany({})
    const { schema } = mongoDocuments(mongo)
    expect(await schemaState(schema)).toMatchObject({ pending: ['0001-documents'], fault: expect.stringContaining('looma migrate') })
    expect(await migrate(schema, 'one')).toEqual(['0001-documents'])
    expect(await migrate(schema, 'two')).toEqual([])
    expect(await schemaState(schema)).toEqual({ pending: [], fault: null })
    await schema.journal.write({ n: 1, name: '0002-later', sum: 'x', done: true })
    expect((await schemaState(schema)).fault).toContain('newer version')
    await expect(migrate(schema, 'three')).rejects.toMatchObject({ code: 'store-down' })
  })
})
