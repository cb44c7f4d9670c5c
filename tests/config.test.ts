import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, ROLES, type Role, readConfig } from '../src/config.ts'

const SECRET = 'a-secret-that-is-long-enough-for-hs256'

/** The lines of the error that these keys lead to. */
function faultsOf(env: Record<string, string>, role: Role = 'all'): string[] {
  try {
    readConfig(role, env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message.split('\n')
  }
  return []
}

describe('the configuration', () => {
  it('needs no key at all', () => {
    const config = readConfig('all', {})
    expect(config).toMatchObject({
      role: 'all',
      queueUrl: 'pglite:',
      api: { host: '127.0.0.1', port: 3000 },
      admin: { host: '127.0.0.1', port: 3001 },
    })
    expect(isAbsolute(config.dataDir)).toBe(true)
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('takes an empty value for one that is not set', () => {
    expect(readConfig('all', { PORT: '', QUEUE_URL: '', AUTH_SECRET: '', AUTH_ISSUER: undefined })).toEqual(readConfig('all', {}))
  })

  it('comes in units that the code works with', () => {
    const config = readConfig('all', { MAX_FILE_MB: '2', MAX_UPLOAD_MB: '3', PARSE_TIMEOUT_S: '4', STOP_SECONDS: '5' })
    expect(config).toMatchObject({ maxFileBytes: 2 * 1024 ** 2, maxUploadBytes: 3 * 1024 ** 2, parse: { timeoutMs: 4000 }, stopMs: 5000 })
  })

  it('tells all values that are out of range at once, each under its key', () => {
    const faults = faultsOf({ PORT: 'eighty', ADMIN_PORT: '65536', MODEL_HOSTS: '0', MAX_FILE_MB: '1.5', LOG_LEVEL: 'loud' })
    expect(faults.map((line) => line.split(':')[0]).sort()).toEqual(['ADMIN_PORT', 'LOG_LEVEL', 'MAX_FILE_MB', 'MODEL_HOSTS', 'PORT'])
  })

  it('tells all values that do not go together at once', () => {
    const faults = faultsOf({ AUTH_JWKS_URL: 'https://issuer.example/keys', AUTH_SECRET: 'short', QUEUE_URL: 'amqp://queue.example' })
    expect(faults.map((line) => line.split(':')[0]).sort()).toEqual(['AUTH_ISSUER', 'AUTH_SECRET', 'QUEUE_URL'])
  })

  it('tells faults of all kinds at once', () => {
    const faults = faultsOf({ PORT: 'eighty', AUTH_SECRET: 'short', ADMIN_PASSWORD_FILE: '/nowhere/password', QUEUE_URL: 'redis://:' })
    expect(faults.map((line) => line.split(':')[0]).sort()).toEqual(['ADMIN_PASSWORD_FILE', 'AUTH_SECRET', 'PORT', 'QUEUE_URL'])
  })

  it.each(['issuer.example/keys', 'ftp://issuer.example/keys', 'file:///etc/keys'])(
    'AUTH_JWKS_URL is no place to fetch keys from: %s',
    (url) => {
      expect(faultsOf({ AUTH_JWKS_URL: url, AUTH_ISSUER: 'https://issuer.example' })).toEqual([
        'AUTH_JWKS_URL: must be an http:// or https:// URL',
      ])
    },
  )

  it('tells a place that this version cannot use, by its key', () => {
    const faults = faultsOf({
      DOCUMENTS_URL: 'couchdb://looma:opensesame@documents.example',
      SEARCH_URL: 'sqlite:',
      BLOBS_URL: 'ftp://bucket',
      MODELS_DIR: '/nowhere',
      QUEUE_URL: 'redis://',
    })
    expect(faults.map((line) => line.split(':')[0]).sort()).toEqual(['BLOBS_URL', 'DOCUMENTS_URL', 'MODELS_DIR', 'QUEUE_URL', 'SEARCH_URL'])
    expect(faults.join()).not.toContain('opensesame')
    expect(faultsOf({ QUEUE_URL: 'pglite:/somewhere' })[0]).toContain('DATA_DIR')
    expect(faultsOf({ PORT: 'eighty' })).toEqual(['PORT: must be a whole number from 0 to 65535'])
  })

  it('never repeats the value of a secret', () => {
    const secrets = { AUTH_SECRET: 'hunter2', ADMIN_PASSWORD: 'swordfish', QUEUE_URL: 'amqp://looma:opensesame@queue.example' }
    for (const faults of [faultsOf(secrets), faultsOf({ ...secrets, PORT: 'eighty' })]) {
      expect(faults).not.toEqual([])
      expect(faults.join()).not.toMatch(/hunter2|swordfish|opensesame/)
    }
  })
})

describe('secrets in files', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'looma-config-'))
    await writeFile(join(folder, 'secret'), `${SECRET}\n`)
    await writeFile(join(folder, 'short'), 'hunter2\n')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('are read, without the newline at their end, and win over the plain key', () => {
    const config = readConfig('all', {
      AUTH_SECRET: 'x'.repeat(40),
      AUTH_SECRET_FILE: join(folder, 'secret'),
      ADMIN_PASSWORD_FILE: join(folder, 'secret'),
    })
    expect(config.auth.secret).toBe(SECRET)
    expect(config.admin.password).toBe(SECRET)
  })

  it.each(['AUTH_SECRET_FILE', 'ADMIN_PASSWORD_FILE'])('%s: an empty file is no secret', async (key) => {
    await writeFile(join(folder, 'empty'), '\n')
    expect(faultsOf({ [key]: join(folder, 'empty') })).toEqual([`${key}: ${join(folder, 'empty')} is empty`])
  })

  it.each(['AUTH_SECRET_FILE', 'ADMIN_PASSWORD_FILE'])('%s: a file that is not there is told by key and path', (key) => {
    const missing = join(folder, 'missing')
    expect(faultsOf({ [key]: missing })).toEqual([`${key}: cannot read ${missing}`])
  })

  it('are checked like the plain key, and not repeated', () => {
    expect(faultsOf({ AUTH_SECRET_FILE: join(folder, 'short') })).toEqual(['AUTH_SECRET: must have at least 32 characters'])
  })
})

describe('roles and the queue', () => {
  it.each(ROLES.filter((role) => role !== 'all'))(
    '%s is refused with the embedded queue, with a sentence that says what to set',
    (role) => {
      for (const env of [{}, { QUEUE_URL: 'pglite:' }] as Record<string, string>[]) {
        const [fault, ...others] = faultsOf(env, role)
        expect(others).toEqual([])
        expect(fault).toContain(`the role "${role}"`)
        expect(fault).toContain('set QUEUE_URL=redis://')
        expect(fault).toContain('run the role "all"')
      }
    },
  )

  it.each(['redis://127.0.0.1:6379', 'rediss://queue.example', 'postgres://queue.example/looma', 'postgresql://queue.example/looma'])(
    'every role runs on %s',
    (QUEUE_URL) => {
      for (const role of ROLES) expect(readConfig(role, { QUEUE_URL })).toMatchObject({ role, queueUrl: QUEUE_URL })
    },
  )
})

describe('an issuer of tokens', () => {
  it('is taken when its name and its key set are both given', () => {
    const config = readConfig('all', {
      AUTH_ISSUER: 'https://issuer.example',
      AUTH_JWKS_URL: 'https://issuer.example/keys',
      AUTH_AUDIENCE: 'hr',
    })
    expect(config.auth).toEqual({
      secret: undefined,
      issuer: 'https://issuer.example',
      jwksUrl: 'https://issuer.example/keys',
      audience: 'hr',
    })
  })

  it('is refused with a key set and no name: any token of that key set would do', () => {
    expect(faultsOf({ AUTH_JWKS_URL: 'https://issuer.example/keys' })).toEqual(['AUTH_ISSUER: is needed with AUTH_JWKS_URL'])
  })
})
