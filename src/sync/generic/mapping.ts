/** A mapping file: how the records of any source become talents, positions, companies or relations between them. */
import { z } from 'zod'
import { AppError, type Fault } from '../../errors.ts'
import { SCHEMAS } from '../merge.ts'
import type { Mapped, Raw } from '../source.ts'
import { isZone, parseTime } from '../times.ts'

const Path = z.string().min(1).meta({ description: 'Name of a field; a dot goes into an object.' })
const FieldMap = z.union([
  Path,
  z.strictObject({ is: z.union([z.string(), z.number(), z.boolean()]).meta({ description: 'The same for every record.' }) }),
  z.strictObject({
    from: z.union([Path, z.array(Path).min(1)]),
    split: z.string().min(1).optional().meta({ description: 'Regular expression between the elements of a list in a text.' }),
    lower: z.boolean().optional(),
    number: z.boolean().optional(),
    date: z.enum(['month', 'year']).optional().meta({ description: 'A date as YYYY-MM or YYYY.' }),
    values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  }),
  z.strictObject({
    each: Path,
    fields: z.record(z.string(), z.union([Path, z.strictObject({ from: Path, date: z.enum(['month', 'year']) })])),
  }),
])
type FieldMap = z.infer<typeof FieldMap>

const End = z
  .strictObject({
    kind: z.enum(['talent', 'position', 'company']),
    entity: z.string().min(1).max(60),
    id: Path,
    system: z
      .string()
      .min(1)
      .max(60)
      .optional()
      .meta({ description: 'Where the record at this end comes from; this system where it is absent.' }),
  })
  .meta({ description: 'One end of a relation, named as its source names it.' })

export const MappingFile = z
  .strictObject({
    system: z.string().min(1).max(60).meta({ description: 'Names the source system: records of the same system, entity and id are one.' }),
    entity: z.string().min(1).max(60),
    kind: z.enum(['talent', 'position', 'company', 'relation']),
    id: Path,
    updatedAt: Path.optional(),
    zone: z.string().default('UTC').refine(isZone, 'is not a time zone').meta({ description: 'Of times that name no offset.' }),
    deleted: z.strictObject({ field: Path, values: z.array(z.string()).min(1) }).optional(),
    fields: z.record(z.string(), FieldMap),
    from: End.optional(),
    to: End.optional(),
    ignore: z.array(Path).default([]).meta({ description: 'Fields that are known and not wanted.' }),
  })
  .superRefine(({ kind, fields, from, to }, ctx) => {
    if ((kind === 'relation') !== (from !== undefined && to !== undefined))
      ctx.addIssue({ code: 'custom', path: ['kind'], message: 'a relation has from and to, nothing else has them' })
    for (const field of Object.keys(fields))
      if (!(field in SCHEMAS[kind].shape) || field === 'from' || field === 'to')
        ctx.addIssue({
          code: 'custom',
          path: ['fields', field],
          message: `a ${kind} has no such field; it has ${Object.keys(SCHEMAS[kind].shape).join(', ')}`,
        })
    for (const [field, map] of Object.entries(fields))
      if (typeof map === 'object' && 'split' in map && map.split !== undefined && !isPattern(map.split))
        ctx.addIssue({ code: 'custom', path: ['fields', field, 'split'], message: 'is not a regular expression' })
  })
export type MappingFile = z.infer<typeof MappingFile>

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

/** A record of the source as it is handed on. Throws `record-rejected` where it has no id. */
export function toRaw(file: MappingFile, value: Record<string, unknown>): Raw {
  const id = valueAt(value, file.id)
  const text = typeof id === 'number' ? String(id) : typeof id === 'string' ? id.trim() : ''
  const at = file.updatedAt === undefined ? null : parseTime(valueAt(value, file.updatedAt), file.zone)
  const mark = file.deleted && valueAt(value, file.deleted.field)
  return {
    entity: file.entity,
    id: text,
    at,
    ...(mark !== undefined && file.deleted!.values.includes(String(mark)) && { deleted: true }),
    value,
  }
}

export function mapRaw(file: MappingFile, raw: Raw): Mapped {
  const faults: Fault[] = []
  if (raw.id === '')
    throw new AppError('record-rejected', undefined, { faults: [{ pointer: `/${file.id}`, detail: 'the record has no id' }] })
  const data: Record<string, unknown> = {}
  const schema = SCHEMAS[file.kind].shape as Record<string, z.ZodType>
  for (const [field, map] of Object.entries(file.fields)) {
    const value = read(map, raw.value, isList(schema[field]!))
    if (value !== undefined) data[field] = value
  }
  const known = new Set([...columnsOf(file).flat(), ...file.ignore].map((path) => path.split('.')[0]))
  const key = { system: file.system, entity: file.entity, id: raw.id }
  const unknown = Object.keys(raw.value).filter((name) => !known.has(name))
  if (file.from && file.to) Object.assign(data, { from: endOf(file, file.from, raw), to: endOf(file, file.to, raw) })
  return { kind: file.kind, key, data, unknown, faults } as Mapped
}

function endOf({ system }: MappingFile, end: z.infer<typeof End>, { value }: Raw) {
  const id = valueAt(value, end.id)
  if (isNothing(id))
    throw new AppError('record-rejected', undefined, { faults: [{ pointer: `/${end.id}`, detail: 'the relation has no such end' }] })
  return { kind: end.kind, key: { system: end.system ?? system, entity: end.entity, id: String(id).trim() } }
}

/** Fields of a flat record that the mapping cannot do without: of each list one has to be there. */
export const columnsOf = ({ id, updatedAt, deleted, fields, from, to }: MappingFile): string[][] => [
  [id],
  ...(updatedAt === undefined ? [] : [[updatedAt]]),
  ...(deleted === undefined ? [] : [[deleted.field]]),
  ...(from === undefined ? [] : [[from.id]]),
  ...(to === undefined ? [] : [[to.id]]),
  ...Object.values(fields)
    .map(pathsOf)
    .filter(({ length }) => length > 0),
]

const pathsOf = (map: FieldMap): string[] =>
  typeof map === 'string' ? [map] : 'each' in map ? [map.each] : 'is' in map ? [] : [map.from].flat()

/** A field that takes a list takes one value, too. */
const isList = (schema: z.ZodType): boolean => schema.safeParse([]).success

function read(map: FieldMap, value: Record<string, unknown>, list: boolean): unknown {
  if (typeof map === 'string') return shaped([valueAt(value, map)], list)
  if ('is' in map) return shaped([map.is], list)
  if ('each' in map) {
    const found = valueAt(value, map.each)
    if (!Array.isArray(found)) return found === undefined ? undefined : []
    return found.map((one) =>
      Object.fromEntries(
        Object.entries(map.fields).flatMap(([field, path]) => {
          const part = typeof path === 'string' ? valueAt(one, path) : partialDate(valueAt(one, path.from), path.date)
          return part === undefined ? [] : [[field, isNothing(part) ? null : part]]
        }),
      ),
    )
  }
  const found = [map.from].flat().map((path) => valueAt(value, path))
  const parts =
    map.split === undefined ? found : found.flatMap((one) => (typeof one === 'string' ? one.split(new RegExp(map.split!, 'u')) : [one]))
  return shaped(
    parts.map((one) => {
      if (isNothing(one)) return one
      if (map.values && Object.hasOwn(map.values, String(one))) return map.values[String(one)]
      if (map.date) return partialDate(one, map.date)
      if (map.number) return Number(one)
      return map.lower ? String(one).toLowerCase() : one
    }),
    list,
  )
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || (typeof value === 'string' && value.trim() === '')

/** Undefined where the source is silent, null or an empty list where it says that there is nothing. */
function shaped(values: unknown[], list: boolean): unknown {
  if (values.every((value) => value === undefined)) return undefined
  const full = values.flat().filter((value) => !isNothing(value))
  const texts = full.map((value) => (typeof value === 'string' ? value.trim() : value))
  return list ? texts.map((value) => (typeof value === 'number' ? String(value) : value)) : (texts[0] ?? null)
}

function partialDate(value: unknown, precision: 'month' | 'year'): string | null {
  const found = /(\d{4})(?:[-/.年]?(\d{1,2}))?/.exec(String(value ?? ''))
  if (!found) return /present|now|至今|现在/i.test(String(value ?? '')) ? 'present' : null
  const month = Number(found[2])
  return precision === 'month' && month >= 1 && month <= 12 ? `${found[1]}-${String(month).padStart(2, '0')}` : found[1]!
}

export function valueAt(value: unknown, path: string): unknown {
  if (value === null || typeof value !== 'object') return undefined
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path]
  const dot = path.indexOf('.')
  return dot < 0 ? undefined : valueAt(valueAt(value, path.slice(0, dot)), path.slice(dot + 1))
}
