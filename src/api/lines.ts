/** Reading what strangers send: NDJSON by line with bounds, and JSON objects that are shallow and free of dangerous keys. */
import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { AppError } from '../errors.ts'

export const MAX_LINE_BYTES = 1024 * 1024
const MAX_DEPTH = 32
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

export type Line = { line: number; text: string | null }

/** Lines of UTF-8 text without blank ones, counted from 1. A line over the limit comes as `text: null` and is not kept in memory. */
export async function* readLines(input: Readable, maxBytes = MAX_LINE_BYTES): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  let line = 1
  const take = (): Line | null => {
    const text = size > maxBytes ? null : Buffer.concat(parts).toString('utf8')
    parts = []
    size = 0
    const found = { line: line++, text: trimmed(text) }
    return found.text === '' ? null : found
  }
  for await (const chunk of chunksOf(input)) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      push(chunk.subarray(from, at))
      from = at + 1
      const found = take()
      if (found) yield found
    }
    push(chunk.subarray(from))
  }
  if (size > 0) {
    const found = take()
    if (found) yield found
  }

  function push(part: Buffer): void {
    size += part.length
    if (size <= maxBytes) parts.push(part)
    else parts = []
  }
}

const trimmed = (text: string | null): string | null => (text === null ? null : text.replace(/^\uFEFF/, '').trim())

/** Parses one JSON object. Throws `malformed-line`, `too-deep` or `forbidden-key`. */
export function parseObject(text: string): Record<string, unknown> {
  if (depthOf(text) > MAX_DEPTH) throw new AppError('too-deep')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AppError('malformed-line')
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new AppError('malformed-line')
  // The text is looked at first: walking every object costs as much as parsing it.
  if (/__proto__|constructor|prototype|\\u/.test(text)) refuseForbidden(value)
  return value as Record<string, unknown>
}

function refuseForbidden(value: unknown): void {
  if (value === null || typeof value !== 'object') return
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) throw new AppError('forbidden-key')
    refuseForbidden(inner)
  }
}

/** Depth of brackets outside strings: JSON.parse would use the stack for them. */
export function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 92) i++
      else if (c === 34) inString = false
    } else if (c === 34) inString = true
    else if (c === 123 || c === 91) deepest = Math.max(deepest, ++depth)
    else if (c === 125 || c === 93) depth--
  }
  return deepest
}

/** Bytes of a request that is read in one piece: an async iterator over it costs as much as all else that is done with a small body. */
const SMALL = 64 * 1024

/** Leaving the loop early must not destroy a request: its socket would go with it, and the answer that says why. */
async function* chunksOf(input: Readable): AsyncGenerator<Buffer> {
  if (input instanceof IncomingMessage && Number(input.headers['content-length'] ?? Number.NaN) <= SMALL) yield await whole(input)
  else yield* input.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
}

function whole(input: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const early = () => reject(new AppError('invalid-request', 'the request ended early'))
    // Its caller has gone already: no event will come any more.
    if (input.destroyed) return early()
    const parts: Buffer[] = []
    input.on('data', (part: Buffer) => parts.push(part))
    input.on('end', () => {
      // An error that nobody sees costs as much as parsing a small body.
      input.off('close', early)
      resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    })
    input.on('close', early)
    input.on('error', () => undefined)
  })
}

/** The whole body as text, at most `maxBytes`; throws `too-large`. */
export async function readBody(input: Readable, maxBytes: number): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunksOf(input)) {
    size += chunk.length
    if (size > maxBytes) throw new AppError('too-large', `at most ${maxBytes} bytes`)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** A small JSON body as an object; throws `malformed-json` and what parseObject throws. */
export async function readJson(input: Readable, maxBytes: number): Promise<Record<string, unknown>> {
  const text = await readBody(input, maxBytes)
  try {
    return parseObject(text.trim() || '{}')
  } catch (error) {
    throw error instanceof AppError && error.code === 'malformed-line' ? new AppError('malformed-json') : error
  }
}
