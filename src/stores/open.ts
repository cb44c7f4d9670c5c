/** Opens every store by its URL; the scheme chooses the adapter. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import { openBlobs } from './blobs.folder.ts'
import { openDocuments } from './documents.sqlite.ts'
import { openGraph } from './graph.sqlite.ts'
import type { Stores } from './ports.ts'
import { openSearch } from './search.sqlite.ts'

export type StoresConfig = { dataDir: string; documentsUrl?: string; graphUrl?: string; searchUrl?: string; blobsUrl?: string }
export type OpenStores = Stores & {
  /** May be called twice. Calls on a closed store fail with `store-down`. */
  close(): Promise<void>
  describe(): { port: string; adapter: string; where: string }[]
}

/**
 * Without a URL a store lives in `dataDir`. `sqlite:/path/file`, `sqlite::memory:` and `file:///path` are understood. Throws
 * `store-down` with a sentence when a URL has another scheme or a file cannot be opened; what was open by then is closed again.
 */
export async function openStores(config: StoresConfig): Promise<OpenStores> {
  const at = {
    documents: placeOf('documents', config.documentsUrl, 'sqlite', join(config.dataDir, 'documents.sqlite')),
    search: placeOf('search', config.searchUrl, 'sqlite', join(config.dataDir, 'search.sqlite')),
    graph: placeOf('graph', config.graphUrl, 'sqlite', join(config.dataDir, 'graph.sqlite')),
    blobs: placeOf('blobs', config.blobsUrl, 'file', join(config.dataDir, 'blobs')),
  }
  const opened: { close(): void }[] = []
  const keep = <T extends { close(): void }>(store: T): T => {
    opened.push(store)
    return store
  }
  const close = async () => {
    for (const store of opened) store.close()
  }
  try {
    return {
      documents: keep(openDocuments(at.documents)),
      search: keep(openSearch(at.search)),
      graph: keep(openGraph(at.graph)),
      blobs: await openBlobs(at.blobs),
      close,
      describe: () => Object.entries(at).map(([port, where]) => ({ port, adapter: port === 'blobs' ? 'folder' : 'sqlite', where })),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The path a URL names. */
function placeOf(port: string, url: string | undefined, scheme: 'sqlite' | 'file', byDefault: string): string {
  if (!url) return byDefault
  const found = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (found === 'file' && scheme === 'file') return fileURLToPath(url)
  if (found === 'sqlite' && scheme === 'sqlite') {
    const path = decodeURIComponent(url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, ''))
    if (path !== '') return path
  }
  const known = scheme === 'sqlite' ? 'sqlite:/path/to/file' : 'file:///path/to/folder'
  // The URL may hold a password: only its scheme is repeated.
  throw new AppError('store-down', `the ${port} store cannot be opened by a ${found ?? 'schemeless'} URL; this version supports ${known}`)
}
