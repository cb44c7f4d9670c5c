/**
 * MongoDB: the documents' adapter against the bare client that sends the very same commands to a database of its own, the searches as one writes
 * them with it: a cursor that is read to its end.
 */
import { randomBytes } from 'node:crypto'
import { type Document, MongoClient } from 'mongodb'
import { mongoDocuments } from '../../src/stores/documents.mongo.ts'
import { openMongo } from '../../src/stores/mongo.ts'
import { migrate } from '../../src/stores/schema.ts'
import { talent } from './stores-data.ts'
import { type Call, inTurns, type Row } from './stores-timing.ts'

const TENANT = 'bench'
const BATCH = 100

export async function benchDocuments(
  url: string,
  { entries, reads, rounds }: Record<'entries' | 'reads' | 'rounds', number>,
): Promise<Row[]> {
  const base = `looma_bench_${randomBytes(4).toString('hex')}`
  const at = (name: string) => Object.assign(new URL(url), { pathname: `/${base}_${name}` }).href
  const [mongo, other, raw] = [openMongo(at('ours')), openMongo(at('bare')), new MongoClient(at('bare'), { retryWrites: false })]
  const [store, twin] = [mongoDocuments(mongo), mongoDocuments(other)]
  let sent: Document[] = []
  mongo.db.client.on('commandStarted', ({ command, commandName }) => {
    if (/^(find|insert|update|count|aggregate)$/.test(commandName)) sent.push(command)
  })
  const bare = raw.db()
  const again = async () => {
    const commands = sent.map(plain)
    return async () => {
      for (const { find, filter, ...options } of commands) {
        if (find) await bare.collection(find).find(filter, options).toArray()
        else await bare.command(options)
      }
    }
  }
  const call = (what: string, count: number, work: () => Promise<unknown>): Call => ({
    what: `documents: ${what}`,
    count,
    ours() {
      sent = []
      return work()
    },
    again,
  })
  try {
    for (const one of [store, twin]) await migrate(one.schema, 'bench')
    return await inTurns((round) => {
      const ids = Array.from({ length: entries }, (_, i) => `t${i}`)
      const puts = Array.from({ length: Math.ceil(entries / BATCH) }, (_, i) => ids.slice(i * BATCH, (i + 1) * BATCH)).map((some) =>
        call('upserts', some.length, () =>
          store.put(
            TENANT,
            some.map((id) => ({ kind: 'talent', id, data: talent(id, round), source: { by: 'api' } })),
          ),
        ),
      )
      const gets = Array.from({ length: reads }, (_, i) =>
        call('point reads', 1, () => store.get(TENANT, 'talent', `t${(i * 7919) % entries}`)),
      )
      const pages = Array.from({ length: Math.ceil(reads / 10) }, (_, i) =>
        call('pages of 100', 1, () => store.page(TENANT, 'talent', { after: `t${i}`, limit: 100 })),
      )
      return [...puts, ...gets, ...pages]
    }, rounds)
  } finally {
    await mongo.db.dropDatabase()
    await other.db.dropDatabase()
    await Promise.all([mongo.close(), other.close(), raw.close()])
  }
}

/** The command without what a connection adds to it. */
function plain({ lsid: _lsid, $db, $clusterTime: _time, ...command }: Document): Document {
  for (const [key, value] of Object.entries(command))
    if (Array.isArray(value?.documents) && key !== 'documents') command[key] = value.documents
    else if (key === 'documents' && !Array.isArray(value)) command[key] = value.documents
  return command
}
