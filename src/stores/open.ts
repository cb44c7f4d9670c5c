/** Opens every store and the ledger by their URLs; the scheme chooses the adapter. Drivers of servers are loaded only where one is named. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import type { Ledger } from '../ledger/ports.ts'
import type { Logger } from '../log.ts'
import { plainUrl } from '../plain-url.ts'
import { openBlobs } from './blobs.folder.ts'
import { openDocuments } from './documents.sqlite.ts'
import { openGraph } from './graph.sqlite.ts'
import { openLedger } from './ledger.sqlite.ts'
import type { Blobs, Documents, Graph, OnServer, Search, Stores } from './ports.ts'
import { type Inspected, logSlow } from './queries.ts'
import { openSearch } from './search.sqlite.ts'

export type StoresConfig = {
  dataDir: string
  documentsUrl?: string
  graphUrl?: string
  searchUrl?: string
  blobsUrl?: string
  /** Credentials of an s3: URL. */
  s3?: { accessKeyId: string; secretAccessKey: string } | null
}
/** A store of files has no schema and no queries to plan. */
export type Server = Omit<OnServer, 'plans' | 'schema'> & Partial<Pick<OnServer, 'plans' | 'schema'>>
/** Where a port's data lives. `server` is null for what is embedded, `inspect` for a folder of files. */
export type Place = { port: 'ledger' | keyof Stores; adapter: string; where: string; server: Server | null; inspect: Inspected | null }
export type OpenStores = Stores & {
  places: Place[]
  /** May be called twice. Calls on a closed store fail with `store-down`. */
  close(): Promise<void>
}
type Log = Pick<Logger, 'warn' | 'debug'>
type Opened<T> = { store: T & { close?(): Promise<void> | void }; adapter: string; where: string; server?: Server; inspect?: Inspected }

/**
 * Without a URL a store lives in `dataDir`. Does not wait for servers, and does not migrate them. Throws `store-down` with a sentence when a URL
 * cannot be read or a file cannot be opened; what was open by then is closed again.
 */
export async function openStores(config: StoresConfig, log?: Log): Promise<OpenStores> {
  const places: Place[] = []
  const closers: (() => Promise<void> | void)[] = []
  const keep = async <T>(port: keyof Stores, opening: Promise<Opened<T>>): Promise<T> => {
    const { store, adapter, where, server = null, inspect = server } = await opening
    places.push(watched({ port, adapter, where, server, inspect }, log))
    closers.push(() => store.close?.())
    return store
  }
  const close = async () => {
    for (const one of closers.toReversed()) await one()
  }
  try {
    return {
      documents: await keep('documents', documentsAt(config)),
      search: await keep('search', searchAt(config)),
      graph: await keep('graph', graphAt(config, log)),
      blobs: await keep('blobs', blobsAt(config)),
      places,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The ledger lives on the documents' server where they have one, else in the data folder. `onCrash` is told when its thread ended by an error. */
export async function openLedgerAt(
  { dataDir, documentsUrl }: Pick<StoresConfig, 'dataDir' | 'documentsUrl'>,
  log: Log,
  onCrash: (error: unknown) => void,
): Promise<{ ledger: Ledger; place: Place }> {
  if (schemeOf(documentsUrl) === 'mongodb') {
    const [{ openMongo }, { mongoLedger }] = await Promise.all([import('./mongo.ts'), import('./ledger.mongo.ts')])
    const mongo = openMongo(documentsUrl!)
    const server = mongoLedger(mongo)
    return { ledger: server, place: watched({ port: 'ledger', adapter: 'mongodb', where: mongo.where, server, inspect: server }, log) }
  }
  const where = join(dataDir, 'ledger.sqlite')
  const ledger = await openLedger(where, onCrash)
  return { ledger, place: watched({ port: 'ledger', adapter: 'sqlite', where, server: null, inspect: ledger.inspect }, log) }
}

function watched(place: Place, log: Log | undefined): Place {
  if (place.inspect && log) logSlow(place.port, place.inspect, log)
  return place
}

async function documentsAt({ dataDir, documentsUrl: url }: StoresConfig): Promise<Opened<Documents>> {
  if (schemeOf(url) === 'mongodb') {
    const [{ openMongo }, { mongoDocuments }] = await Promise.all([import('./mongo.ts'), import('./documents.mongo.ts')])
    const mongo = openMongo(url!)
    const store = mongoDocuments(mongo)
    return { store, adapter: 'mongodb', where: mongo.where, server: store }
  }
  const where = fileAt('documents', url, 'sqlite', join(dataDir, 'documents.sqlite'))
  const store = openDocuments(where)
  return { store, adapter: 'sqlite', where, inspect: store.inspect }
}

async function searchAt({ dataDir, searchUrl: url }: StoresConfig): Promise<Opened<Search>> {
  if (['http', 'https'].includes(schemeOf(url) ?? '')) {
    const { openElasticSearch } = await import('./search.elastic.ts')
    const store = await openElasticSearch(url!)
    return { store, adapter: 'elasticsearch', where: plainUrl(url!), server: store }
  }
  const where = fileAt('search', url, 'sqlite', join(dataDir, 'search.sqlite'))
  const store = openSearch(where)
  return { store, adapter: 'sqlite', where, inspect: store.inspect }
}

async function graphAt({ dataDir, graphUrl: url }: StoresConfig, log?: Log): Promise<Opened<Graph>> {
  if (['neo4j', 'bolt'].includes(schemeOf(url) ?? '')) {
    const { openNeo4jGraph } = await import('./graph.neo4j.ts')
    const store = await openNeo4jGraph(url!, { log })
    return { store, adapter: 'neo4j', where: plainUrl(url!), server: store }
  }
  const where = fileAt('graph', url, 'sqlite', join(dataDir, 'graph.sqlite'))
  const store = openGraph(where)
  return { store, adapter: 'sqlite', where, inspect: store.inspect }
}

async function blobsAt({ dataDir, blobsUrl: url, s3 }: StoresConfig): Promise<Opened<Blobs>> {
  if (schemeOf(url) === 's3') {
    if (!s3) throw new AppError('store-down', 'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are needed with an s3: BLOBS_URL')
    const { openS3Blobs } = await import('./blobs.s3.ts')
    const store = await openS3Blobs(url!, { cacheDir: join(dataDir, 'blobs-cache'), credentials: s3 })
    return { store, adapter: 's3', where: plainUrl(url!), server: store }
  }
  const where = fileAt('blobs', url, 'file', join(dataDir, 'blobs'))
  return { store: await openBlobs(where), adapter: 'folder', where }
}

/** `mongodb` for `mongodb+srv:` too: what follows the plus is the driver's. */
const schemeOf = (url: string | undefined): string | undefined => /^([a-z0-9]+)(\+[a-z]+)?:/i.exec(url ?? '')?.[1]?.toLowerCase()

/** The path a URL names. */
function fileAt(port: string, url: string | undefined, scheme: 'sqlite' | 'file', byDefault: string): string {
  if (!url) return byDefault
  const found = schemeOf(url)
  if (found === 'file' && scheme === 'file') return fileURLToPath(url)
  if (found === 'sqlite' && scheme === 'sqlite') {
    const path = decodeURIComponent(url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, ''))
    if (path !== '') return path
  }
  // The URL may hold a password: only its scheme is repeated.
  throw new AppError('store-down', `the ${port} store cannot be opened by a ${found ?? 'schemeless'} URL; see ${port.toUpperCase()}_URL`)
}
