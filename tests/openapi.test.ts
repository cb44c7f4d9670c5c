/** The document says what the routes do, the pages need nobody else, and every error is explained in both languages. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOpenApi } from '../src/api/openapi.ts'
import { routes } from '../src/api/routes.ts'
import { ERRORS } from '../src/errors.ts'
import { itemTypes, jobNames } from '../src/queues/index.ts'
import { type System, startSystem } from './support.ts'

type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean }[]
  responses: Record<string, { description: string; content?: Record<string, unknown> }>
}
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }
const document = JSON.parse(JSON.stringify(createOpenApi(version))) as {
  openapi: string
  info: { version: string; description: string }
  paths: Record<string, Record<string, Operation>>
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toMatch(/^3\.1/)
    expect(document.info.version).toBe(version)
    const validator = new Validator()
    const { valid, errors } = await validator.validate(structuredClone(document))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    // The validator can say no.
    expect((await new Validator().validate({ ...document, paths: { '/x': { get: { responses: 1 } } } })).valid).toBe(false)
  })

  it('has every route and nothing else', () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      routes.map((route) => `${route.method} ${route.path}`).sort(),
    )
  })

  it('names each operation once, with a summary, its parameters and the errors it may give', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(routes.length)
    expect(ids.every((id) => id && /^[a-z][a-zA-Z]+$/.test(id))).toBe(true)
    for (const { path, operation } of operations) {
      expect(operation.summary, path).toBeTruthy()
      expect(operation.tags, path).toHaveLength(1)
      const inPath = operation.parameters?.filter((p) => p.in === 'path') ?? []
      expect(inPath.map((p) => p.name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))
      expect(inPath.every((p) => p.required)).toBe(true)
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue
        expect(Object.keys(content ?? {}), path).toEqual(['application/problem+json'])
        const codes = [...description.matchAll(/^`([a-z-]+)`/gm)].map((m) => m[1] as keyof typeof ERRORS)
        expect(codes.length).toBeGreaterThan(0)
        for (const code of codes) expect(ERRORS[code]?.status, code).toBe(Number(status))
      }
      expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(['401', '403', '500']))
    }
  })

  it('resolves every reference and lists item types and jobs', () => {
    for (const [, ref] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let at: unknown = document
      for (const step of ref!.split('/')) at = (at as Record<string, unknown>)?.[step]
      expect(at, ref).toBeDefined()
    }
    for (const name of [...itemTypes.keys(), ...jobNames]) expect(document.info.description).toContain(`\`${name}\``)
  })
})

describe('errors', () => {
  it('have texts in both languages that differ, and a status that fits what jobs do', () => {
    for (const [code, row] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(row.en, code).toMatch(/^[A-Z].*\.$/)
      expect(row.en, code).not.toMatch(/\p{Script=Han}/u)
      expect(row.zh, code).toMatch(/\p{Script=Han}.*。$/u)
      expect(row.status, code).toBeGreaterThanOrEqual(400)
      if (row.retry === 'park') expect(row.status, code).toBeGreaterThanOrEqual(500)
    }
  })
})

describe('the pages', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system[Symbol.asyncDispose]())
  const page = async (path: string) => {
    const answer = await fetch(system.apiUrl + path)
    return { answer, text: await answer.text() }
  }

  it('give the same document', async () => {
    const { answer, text } = await page('/openapi.json')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(JSON.parse(text)).toEqual(document)
  })

  it.each(['/docs', '/docs/errors'])('%s is readable without a login and needs no other host', async (path) => {
    const { answer, text } = await page(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/https?:/)
    expect(text).not.toMatch(/https?:\/\//)
    const files = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map((m) => m[1]!)
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const found = await fetch(system.apiUrl + file)
      expect(found.status, file).toBe(200)
      expect(found.headers.get('cache-control'), file).toContain('max-age=3600')
      await found.body?.cancel()
    }
  })

  it('explain every code in both languages, at the address that problems give', async () => {
    const { text } = await page('/docs/errors')
    const decoded = text.replaceAll('&lt;', '<').replaceAll('&amp;', '&')
    for (const [code, row] of Object.entries(ERRORS)) {
      expect(text).toContain(`id="${code}"`)
      expect(decoded).toContain(row.en)
      expect(decoded).toContain(row.zh)
    }
    const problem = (await (await fetch(`${system.apiUrl}/v1/nothing`)).json()) as { type: string; code: string }
    expect(problem).toMatchObject({ type: '/docs/errors#not-found', code: 'not-found' })
  })
})
