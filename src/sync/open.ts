/** Which connector reads which kind of source. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { fileSource } from './generic/file.ts'
import { HttpJsonSettings, httpJsonSource } from './generic/http-json.ts'
import { MappingFile } from './generic/mapping.ts'
import type { Source } from './source.ts'
import { ZervigoSettings } from './zervigo/profiles.ts'
import { zervigoSource } from './zervigo/rest.ts'
import { ZervigoSqlSettings, zervigoSqlSource } from './zervigo/sql.ts'

/** A mapping in the file itself, or the path of one. */
const Mapping = z.union([
  MappingFile,
  z.string().transform((path, ctx) => {
    try {
      const parsed = MappingFile.safeParse(JSON.parse(readFileSync(path, 'utf8')))
      if (parsed.success) return parsed.data
      for (const { path: at, message } of parsed.error.issues)
        ctx.addIssue({ code: 'custom', message: `${path}: ${at.join('.')} ${message}` })
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: `the mapping ${path} cannot be read: ${(error as Error).message}` })
    }
    return z.NEVER
  }),
])

export const SourceSettings = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('csv'), path: z.string(), mapping: Mapping }),
  z.object({ kind: z.literal('ndjson'), path: z.string(), mapping: Mapping }),
  z.object({ kind: z.literal('http-json'), mapping: Mapping, http: HttpJsonSettings }),
  z.object({ kind: z.literal('zervigo'), zervigo: ZervigoSettings }),
  z.object({ kind: z.literal('zervigo-sql'), zervigo: ZervigoSqlSettings }),
])
export type SourceSettings = z.infer<typeof SourceSettings>

export function openSource(settings: SourceSettings): Source {
  switch (settings.kind) {
    case 'csv':
    case 'ndjson':
      return fileSource(settings.kind, settings.path, settings.mapping)
    case 'http-json':
      return httpJsonSource(settings.http, settings.mapping)
    case 'zervigo':
      return zervigoSource(settings.zervigo)
    case 'zervigo-sql':
      return zervigoSqlSource(settings.zervigo)
  }
}
