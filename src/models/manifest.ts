/** A model folder: manifest.json beside the files it lists. Read once at start; a file that differs from its digest is never loaded. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../errors.ts'

// One plain name below the folder: a manifest from elsewhere must not be able to point at other files of the machine.
const FileName = z.string().regex(/^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)*$/, 'must be a relative path without ..')

export const Manifest = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  dim: z.number().int().positive().max(8192),
  /** Longer texts are cut to this many tokens, special tokens included. */
  maxTokens: z.number().int().positive().max(32_768),
  /** `in-graph`: the output is [batch, dim]. Otherwise it is [batch, tokens, dim]: mean over unmasked tokens, or the first token. */
  pooling: z.enum(['in-graph', 'mean', 'cls']),
  /** L2-normalise after pooling. Turning it off is for models whose vectors mean something by length. */
  normalize: z.boolean().default(true),
  /** Lowercase before tokenizing, for uncased vocabularies whose tokenizer.json forgets to (capitals would become unknown tokens). */
  lowercase: z.boolean().default(false),
  prefixes: z.object({ query: z.string().default(''), passage: z.string().default('') }).prefault({}),
  files: z
    .array(z.object({ path: FileName, sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().nonnegative() }))
    .refine((files) => ['model.onnx', 'tokenizer.json'].every((name) => files.some(({ path }) => path === name)), {
      error: 'must list model.onnx and tokenizer.json',
    }),
  space: z.string().min(1),
  /** Name of a JSON file of `{text, vector}` rows that a freshly loaded model has to reproduce. */
  golden: FileName.optional(),
})
export type Manifest = z.infer<typeof Manifest>

export const GoldenRows = z.array(z.object({ text: z.string(), vector: z.array(z.number()) }))
export type GoldenRow = z.infer<typeof GoldenRows>[number]

/** Reads the manifest and checks every listed file against its size and sha256. Throws `model-unavailable` that names the fault. */
export async function loadManifest(modelDir: string): Promise<{ manifest: Manifest; golden: GoldenRow[] }> {
  const manifest = await readJson(join(modelDir, 'manifest.json'), Manifest)
  await Promise.all(manifest.files.map((file) => verifyFile(modelDir, file)))
  if (manifest.golden && !manifest.files.some(({ path }) => path === manifest.golden))
    throw unavailable(`manifest.json: golden file ${manifest.golden} is not listed in files`)
  const golden = manifest.golden ? await readJson(join(modelDir, manifest.golden), GoldenRows) : []
  if (golden.some(({ vector }) => vector.length !== manifest.dim))
    throw unavailable(`${manifest.golden}: a vector has not ${manifest.dim} numbers`)
  return { manifest, golden }
}

export const unavailable = (detail: string, cause?: unknown): AppError => new AppError('model-unavailable', detail, { cause })

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw unavailable(`${path} cannot be read as JSON`, cause)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.slice(0, 5).map(({ path: at, message }) => `${at.join('.')}: ${message}`)
  throw unavailable(`${path}: ${faults.join('; ')}`)
}

async function verifyFile(modelDir: string, file: Manifest['files'][number]): Promise<void> {
  const path = join(modelDir, file.path)
  const hash = createHash('sha256')
  try {
    // The size first: a half-copied model of a gigabyte is refused without reading it.
    if ((await stat(path)).size !== file.bytes) throw unavailable(`${path}: size differs from the manifest`)
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch (error) {
    throw error instanceof AppError ? error : unavailable(`${path} cannot be read`, error)
  }
  if (hash.digest('hex') !== file.sha256) throw unavailable(`${path}: sha256 differs from the manifest`)
}
