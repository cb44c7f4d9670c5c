/** The only reader of process.env. Every key is listed in .env.example and in the README's table (a test compares the three). */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { NO_SOURCES, SourcesFile } from './sync/sources.ts'

export const ROLES = ['all', 'api', 'worker', 'scheduler'] as const
export type Role = (typeof ROLES)[number]

const int = (fallback: number, min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error }).default(fallback)
}
const optional = z.string().optional()

/** Keys that may hold a password: each may be given as KEY_FILE. */
const SECRETS = [
  'AUTH_SECRET',
  'ADMIN_PASSWORD',
  'QUEUE_URL',
  'DOCUMENTS_URL',
  'GRAPH_URL',
  'SEARCH_URL',
  'BLOBS_URL',
  'S3_SECRET_ACCESS_KEY',
] as const

/** Keys ending in _FILE name a file that holds the value; they win over the plain key, so that a secret need not stand in the environment. */
export const Env = z.object({
  DATA_DIR: z.string().default('./data').meta({ description: 'Folder of the ledger, the embedded stores, the queue and the secrets.' }),
  QUEUE_URL: z
    .string()
    .default('pglite:')
    .meta({ description: 'pglite: (embedded), redis://…, rediss://… or postgres://…. Also QUEUE_URL_FILE.' }),
  DOCUMENTS_URL: optional.meta({
    description:
      'Documents and ledger: sqlite:/path/to/file (documents alone), mongodb://host/database; empty for files in the data folder. Also DOCUMENTS_URL_FILE.',
  }),
  GRAPH_URL: optional.meta({
    description: 'Graph: sqlite:/path/to/file, neo4j://host or bolt://host; empty for a file in the data folder. Also GRAPH_URL_FILE.',
  }),
  SEARCH_URL: optional.meta({
    description:
      'Search and vectors: sqlite:/path/to/file, http(s)://host:9200/prefix (Elasticsearch); empty for a file in the data folder. Also SEARCH_URL_FILE.',
  }),
  BLOBS_URL: optional.meta({
    description:
      'Uploaded files: file:///path/to/folder, s3://bucket/prefix?endpoint=…&region=…; empty for a folder in the data folder. Also BLOBS_URL_FILE.',
  }),
  S3_ACCESS_KEY_ID: optional.meta({ description: 'Access key of an s3: BLOBS_URL.' }),
  S3_SECRET_ACCESS_KEY: optional.meta({ description: 'Its secret. Also S3_SECRET_ACCESS_KEY_FILE.' }),
  SOURCES_FILE: optional.meta({ description: 'JSON file of the systems to sync from (docs/sync.md); empty for none.' }),
  MODELS_DIR: optional.meta({ description: 'Folder of the embedding model; empty for the one that ships with Looma.' }),
  HOST: z.string().default('127.0.0.1').meta({ description: 'Address of the public API.' }),
  PORT: int(3000, 0, 65_535).meta({ description: 'Port of the public API; 0 takes a free one.' }),
  ADMIN_HOST: z.string().default('127.0.0.1').meta({ description: 'Address of board, metrics and health.' }),
  ADMIN_PORT: int(3001, 0, 65_535).meta({ description: 'Port of board, metrics and health; 0 takes a free one.' }),
  ADMIN_PASSWORD: optional.meta({
    description: 'Password of the operator login; empty creates one in the data folder. Also ADMIN_PASSWORD_FILE.',
  }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], { error: 'must be fatal, error, warn, info, debug or silent' })
    .default('info')
    .meta({ description: 'fatal, error, warn, info, debug or silent.' }),
  AUTH_SECRET: optional.meta({
    description: 'Secret of HS256 tokens, at least 32 characters; empty creates one in the data folder. Also AUTH_SECRET_FILE.',
  }),
  AUTH_ISSUER: optional.meta({
    description: 'Issuer of tokens; with AUTH_JWKS_URL the tokens of that issuer are taken in place of our own.',
  }),
  AUTH_JWKS_URL: optional.meta({ description: 'Key set of the issuer (RS256, ES256, EdDSA).' }),
  AUTH_AUDIENCE: z.string().default('looma').meta({ description: 'Audience that a token must name.' }),
  MODEL_HOSTS: int(Math.max(1, availableParallelism()), 1, 64).meta({
    description: 'Model host processes, one thread each; default one per core.',
  }),
  PARSE_HOSTS: int(Math.max(1, availableParallelism()), 1, 64).meta({ description: 'Document reader processes; default one per core.' }),
  PARSE_MEMORY_MB: int(512, 128, 8192).meta({ description: 'Memory cap of one document reader, in MB.' }),
  PARSE_TIMEOUT_S: int(30, 1, 600).meta({ description: 'Time limit for one document, in seconds.' }),
  OCR: z
    .enum(['on', 'off'], { error: 'must be on or off' })
    .default('on')
    .meta({ description: 'on or off: whether scans and photos are read by character recognition.' }),
  OCR_HOSTS: int(Math.max(1, availableParallelism() >> 1), 1, 64).meta({
    description: 'OCR processes, one thread each; default one per two cores.',
  }),
  OCR_MEMORY_MB: int(1024, 512, 8192).meta({
    description: 'Memory cap of one OCR process, in MB. Ordinary pages stay under 600; a colour scan of 35 million pixels takes 850.',
  }),
  OCR_TIMEOUT_S: int(120, 1, 3600).meta({ description: 'Time limit of OCR for one document, in seconds.' }),
  OCR_MAX_PAGES: int(10, 1, 50).meta({ description: 'Pages of a document that OCR reads; those after them are left out.' }),
  MAX_FILE_MB: int(20, 1, 1024).meta({ description: 'Largest résumé file, in MB.' }),
  MAX_UPLOAD_MB: int(2048, 1, 65_536).meta({ description: 'Largest upload request in all, in MB.' }),
  MAX_WAITING: int(1_000_000, 1, 100_000_000).meta({ description: 'Items of one tenant that may wait; above it requests answer 429.' }),
  STOP_SECONDS: int(20, 1, 600).meta({ description: 'Seconds that a stop may take.' }),
})

/** The process's environment, for callers that lay options over it. */
export const environment = (): Record<string, string | undefined> => process.env

export type Config = {
  role: Role
  dataDir: string
  queueUrl: string
  documentsUrl: string | undefined
  graphUrl: string | undefined
  searchUrl: string | undefined
  blobsUrl: string | undefined
  s3: { accessKeyId: string; secretAccessKey: string } | null
  sources: SourcesFile
  modelsDir: string
  api: { host: string; port: number }
  admin: { host: string; port: number; password: string | undefined }
  logLevel: string
  auth: { secret: string | undefined; issuer: string | undefined; jwksUrl: string | undefined; audience: string }
  modelHosts: number
  parse: { hosts: number; memoryMb: number; timeoutMs: number }
  /** Null where it is off. */
  ocr: { hosts: number; memoryMb: number; timeoutMs: number; maxPages: number } | null
  maxFileBytes: number
  maxUploadBytes: number
  maxWaiting: number
  stopMs: number
}

export class ConfigError extends Error {}

/** Reads and checks everything at once: the error lists all faults, never a secret's value. */
export function readConfig(role: Role, env: Record<string, string | undefined> = environment()): Config {
  const given: Record<string, string> = {}
  for (const [key, value] of Object.entries(env)) if (value !== undefined && value !== '') given[key] = value
  const faults: string[] = []
  for (const key of SECRETS)
    if (given[`${key}_FILE`])
      try {
        given[key] = readSecret(key, given[`${key}_FILE`]!)
      } catch (error) {
        faults.push((error as Error).message)
      }
  const parsed = Env.safeParse(given)
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
  const sources = readSources(given, faults)
  faults.push(...queueFaults(role, given.QUEUE_URL ?? 'pglite:'), ...placeFaults(given), ...authFaults(given))
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults.join('\n'))
  const e = parsed.data
  return Object.freeze({
    role,
    dataDir: resolve(e.DATA_DIR),
    queueUrl: e.QUEUE_URL,
    documentsUrl: e.DOCUMENTS_URL,
    graphUrl: e.GRAPH_URL,
    searchUrl: e.SEARCH_URL,
    blobsUrl: e.BLOBS_URL,
    s3: e.S3_ACCESS_KEY_ID && e.S3_SECRET_ACCESS_KEY ? { accessKeyId: e.S3_ACCESS_KEY_ID, secretAccessKey: e.S3_SECRET_ACCESS_KEY } : null,
    sources,
    modelsDir: e.MODELS_DIR ? resolve(e.MODELS_DIR) : join(import.meta.dirname, '..', 'models', 'default'),
    api: { host: e.HOST, port: e.PORT },
    admin: { host: e.ADMIN_HOST, port: e.ADMIN_PORT, password: e.ADMIN_PASSWORD },
    logLevel: e.LOG_LEVEL,
    auth: { secret: e.AUTH_SECRET, issuer: e.AUTH_ISSUER, jwksUrl: e.AUTH_JWKS_URL, audience: e.AUTH_AUDIENCE },
    modelHosts: e.MODEL_HOSTS,
    parse: { hosts: e.PARSE_HOSTS, memoryMb: e.PARSE_MEMORY_MB, timeoutMs: e.PARSE_TIMEOUT_S * 1000 },
    ocr:
      e.OCR === 'on'
        ? { hosts: e.OCR_HOSTS, memoryMb: e.OCR_MEMORY_MB, timeoutMs: e.OCR_TIMEOUT_S * 1000, maxPages: e.OCR_MAX_PAGES }
        : null,
    maxFileBytes: e.MAX_FILE_MB * 1024 * 1024,
    maxUploadBytes: e.MAX_UPLOAD_MB * 1024 * 1024,
    maxWaiting: e.MAX_WAITING,
    stopMs: e.STOP_SECONDS * 1000,
  })
}

function readSecret(key: string, file: string): string {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch {
    throw new ConfigError(`${key}_FILE: cannot read ${file}`)
  }
  // An empty password would let everybody in who leaves the field empty.
  if (secret === '') throw new ConfigError(`${key}_FILE: ${file} is empty`)
  return secret
}

/** Values `{"$env": "NAME"}` and `{"$file": "/path"}` stand for secrets, which have no place in the file itself. */
function readSources(given: Record<string, string>, faults: string[]): SourcesFile {
  const file = given.SOURCES_FILE
  if (file === undefined) return NO_SOURCES
  try {
    const parsed = SourcesFile.safeParse(JSON.parse(readFileSync(file, 'utf8'), (_key, value) => secretOf(value, given)))
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues) faults.push(`SOURCES_FILE: ${path.join('.')}: ${message}`)
  } catch (error) {
    faults.push(`SOURCES_FILE: ${error instanceof ConfigError ? error.message : `cannot read ${file}: ${(error as Error).message}`}`)
  }
  return NO_SOURCES
}

function secretOf(value: unknown, given: Record<string, string>): unknown {
  if (value === null || typeof value !== 'object') return value
  const { $env: key, $file: file } = value as { $env?: string; $file?: string }
  if (typeof key === 'string') {
    if (given[key] === undefined) throw new ConfigError(`the environment has no ${key}`)
    return given[key]
  }
  return typeof file === 'string' ? readSecret('$file', file) : value
}

function queueFaults(role: Role, url: string): string[] {
  if (!/^(pglite:|rediss?:\/\/|postgres(ql)?:\/\/)/.test(url))
    return ['QUEUE_URL: must begin with pglite:, redis://, rediss:// or postgres://']
  if (url.startsWith('redis') && !URL.parse(url)?.hostname) return ['QUEUE_URL: names no host, such as redis://127.0.0.1:6379']
  if (url.startsWith('postgres')) return URL.canParse(url) ? [] : ['QUEUE_URL: is not a valid URL']
  if (url.startsWith('pglite:') && url !== 'pglite:')
    return ['QUEUE_URL: pglite: takes no path; DATA_DIR says where everything embedded lives']
  if (role === 'all' || url !== 'pglite:') return []
  return [
    `QUEUE_URL: the embedded queue lives in one process, so the role "${role}" cannot use it; set QUEUE_URL=redis://… (or postgres://…), or run the role "all"`,
  ]
}

/** What the schemes of a store's URL may be; the adapter says the rest. */
const SCHEMES = {
  DOCUMENTS_URL: { pattern: /^(sqlite:.|mongodb(\+srv)?:\/\/.)/i, known: 'sqlite:/path/to/file or mongodb://host/database' },
  GRAPH_URL: { pattern: /^(sqlite:.|(neo4j|bolt)(\+s)?:\/\/.)/i, known: 'sqlite:/path/to/file, neo4j://host or bolt://host' },
  SEARCH_URL: { pattern: /^(sqlite:.|https?:\/\/.)/i, known: 'sqlite:/path/to/file or http(s)://host:9200/prefix' },
  BLOBS_URL: { pattern: /^(file:\/\/.|s3:\/\/.)/i, known: 'file:///path/to/folder or s3://bucket/prefix' },
}

function placeFaults(given: Record<string, string>): string[] {
  const faults: string[] = []
  // The URL may hold a password and is never repeated.
  for (const [key, { pattern, known }] of Object.entries(SCHEMES))
    if (given[key] && !pattern.test(given[key])) faults.push(`${key}: must be ${known}`)
  if (given.BLOBS_URL?.startsWith('s3:') && !(given.S3_ACCESS_KEY_ID && given.S3_SECRET_ACCESS_KEY))
    faults.push('S3_ACCESS_KEY_ID: is needed with an s3: BLOBS_URL, and S3_SECRET_ACCESS_KEY too')
  if (given.MODELS_DIR && !existsSync(join(given.MODELS_DIR, 'manifest.json')))
    faults.push(`MODELS_DIR: ${given.MODELS_DIR} holds no manifest.json`)
  return faults
}

function authFaults({ AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_SECRET: secret }: Record<string, string>): string[] {
  const faults: string[] = []
  if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) faults.push('AUTH_JWKS_URL: must be an http:// or https:// URL')
  if (url && !issuer) faults.push('AUTH_ISSUER: is needed with AUTH_JWKS_URL')
  if (secret !== undefined && secret.length < 32) faults.push('AUTH_SECRET: must have at least 32 characters')
  return faults
}
