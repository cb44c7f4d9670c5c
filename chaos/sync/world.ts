/** A source system that two of its generations show, and what anybody could have read in it so far. */

import { type Company, type Job, makeData, makeUser, type User, type ZervigoData } from '../../samples/zervigo/data.ts'
import { ADMIN, startZervigo, type Zervigo } from '../../samples/zervigo/double.ts'
import { jobDetail, legacyCompany, legacyJob, legacyUser, listedUser } from '../../samples/zervigo/rows.ts'
import type { SourcesFile } from '../../src/sync/sources.ts'

export type Entity = keyof ZervigoData
type Row = User | Job | Company
export type World = {
  doubles: Record<SourceName, Zervigo>
  data: ZervigoData
  sources: SourcesFile
  /** One random change, as somebody at work in the source would make it. */
  edit(): void
  /** States that a record had, the last one as it stands; null where it was deleted. */
  states(entity: Entity, id: number): (Row | null)[]
  ids(entity: Entity): number[]
  close(): Promise<void>
}

export const SOURCES = { new: 'C', old: 'A' } as const
export type SourceName = keyof typeof SOURCES
export const TENANT = 'acme'
const ZONE = 'Asia/Shanghai'

/** What a source shows of a row; `listed` rows are in its lists, the others only where they are asked for by id. Null where they are not. */
export function shown(source: SourceName, entity: Entity, row: Row | null): { value: Record<string, unknown>; listed: boolean } | null {
  const value = row && (SOURCES[source] === 'C' ? newest(entity, row) : legacy(entity, row))
  return value && { value: JSON.parse(JSON.stringify(value.value)), listed: value.listed }
}
function newest(entity: Entity, row: Row) {
  if (entity === 'users') return (row as User).deletedAt === null ? { value: listedUser(row as User, ZONE), listed: true } : null
  if (entity === 'jobs') return { value: jobDetail(row as Job, ZONE), listed: row.status !== 'closed' && row.status !== 'expired' }
  return null
}
function legacy(entity: Entity, row: Row) {
  if (entity === 'users') return (row as User).deletedAt === null ? { value: legacyUser(row as User, ZONE), listed: true } : null
  if (entity === 'jobs') return row.status === 'closed' ? null : { value: legacyJob(row as Job, ZONE), listed: true }
  return row.status === 'active' ? { value: legacyCompany(row as Company, ZONE), listed: true } : null
}

export async function openWorld(users: number, random: () => number): Promise<World> {
  const data = makeData(users, { seed: Math.floor(random() * 1e9) })
  const doubles = {} as World['doubles']
  const sources: SourcesFile = { sources: {}, merge: {} }
  for (const [name, generation] of Object.entries(SOURCES) as [SourceName, 'A' | 'C'][]) {
    const double = await startZervigo({ data, generation })
    doubles[name] = double
    const { companies, ...urls } = double.urls
    sources.sources[name] = {
      tenant: TENANT,
      lagMinutes: 10,
      pageSize: 10,
      kind: 'zervigo',
      zervigo: { generation, urls: generation === 'C' ? urls : { ...urls, companies }, ...ADMIN, zone: ZONE, timeoutMs: 5000 },
    }
  }

  const history = new Map<string, (Row | null)[]>()
  const rowOf = (entity: Entity, id: number): Row | null => data[entity].get(id) ?? null
  const statesOf = (entity: Entity, id: number): (Row | null)[] => {
    const states = history.get(`${entity} ${id}`) ?? [structuredClone(rowOf(entity, id))]
    history.set(`${entity} ${id}`, states)
    return states
  }
  for (const entity of Object.keys(data) as Entity[]) for (const id of data[entity].keys()) statesOf(entity, id)
  const note = (entity: Entity, id: number) => void statesOf(entity, id).push(structuredClone(rowOf(entity, id)))

  let next = 5000
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  /** Number 1 is the account that logs in: it is changed by that, and must stay. */
  const idOf = (entity: Entity): number | undefined => pick([...data[entity].keys()].filter((id) => id !== 1))
  const change = (entity: Entity, id: number, how: Record<string, unknown>) => {
    // Now and then without its time: a statement by hand, or a second change within a second.
    const still = random() < 0.1 ? { updatedAt: (rowOf(entity, id) as Row).updatedAt } : {}
    pick(Object.values(doubles)).update(entity, id, { ...how, ...still })
    note(entity, id)
  }
  const edits: (() => void)[] = [
    () => change('users', idOf('users')!, { username: `name ${Math.floor(random() * 1000)}`, email: `New.${next}@example.com` }),
    () => change('users', idOf('users')!, { status: pick(['active', 'inactive', 'suspended']), phone: pick([null, '+49 30 5550000']) }),
    // What cannot be used: neither name nor address, or no title. A later edit may put it right.
    () => change('users', idOf('users')!, { username: '', email: '', profile: null }),
    () => change('users', idOf('users')!, { deletedAt: pick([null, Date.now()]) }),
    () => {
      const id = ++next
      data.users.set(id, makeUser(id, random, Date.now()))
      note('users', id)
    },
    () => {
      const id = idOf('users')
      if (id === undefined || data.users.size < users / 2) return
      data.users.delete(id)
      note('users', id)
    },
    () => change('jobs', idOf('jobs')!, { title: pick(['工程师', 'Analyst', 'Lead engineer', '']), salary: '面议' }),
    () => change('jobs', idOf('jobs')!, { status: pick(['published', 'open', 'paused', 'closed', 'expired']) }),
    () => change('companies', idOf('companies')!, { status: pick(['active', 'active', 'pending']), city: pick(['上海', 'Berlin']) }),
  ]
  return {
    doubles,
    data,
    sources,
    edit: () => pick(edits)(),
    states: (entity, id) => statesOf(entity, id),
    ids: (entity) => [...history.keys()].flatMap((key) => (key.startsWith(`${entity} `) ? [Number(key.slice(entity.length + 1))] : [])),
    close: async () => void (await Promise.all(Object.values(doubles).map((double) => double.close()))),
  }
}
