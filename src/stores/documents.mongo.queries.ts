/** Indexes of the documents in MongoDB, and the filters that they are for. */
import type { Filter } from 'mongodb'
import { keyOf, type Row } from './documents.mongo.rows.ts'
import type { DocKind, Projection } from './ports.ts'

function dirtyIndex(projection: Projection) {
  return { key: { [`dirty.${projection}`]: 1 as const }, name: `dirty_${projection}`, sparse: true }
}

export const STEPS = [
  {
    name: '0001-documents',
    indexes: [
      // Pages and counts of what lives.
      { key: { tenant: 1, kind: 1, deleted: 1, id: 1 }, name: 'living', unique: true },
      // Nearly empty in the steady state: only what is dirty has the field.
      ...(['search', 'graph', 'vectors'] as const).map(dirtyIndex),
    ],
  },
  { name: '0002-canonical-mark', indexes: [dirtyIndex('canonical')] },
  {
    name: '0003-schedules',
    // Holds schedules and nothing else: whoever looks for them over all tenants reads no more than there are.
    indexes: [
      { key: { kind: 1 as const, tenant: 1 as const }, name: 'schedules', partialFilterExpression: { kind: 'schedule', deleted: false } },
    ],
  },
]

export const QUERIES = {
  get: (tenant: string, kind: string, id: string): Filter<Row> => ({ _id: keyOf(tenant, kind, id) }),
  many: (tenant: string, kind: string, ids: string[]): Filter<Row> => ({ _id: { $in: ids.map((id) => keyOf(tenant, kind, id)) } }),
  page: (tenant: string, kind: DocKind, after: string): Filter<Row> => ({ tenant, kind, deleted: false, id: { $gt: after } }),
  versions: (tenant: string, kind: DocKind, after: string, deleted: boolean): Filter<Row> => ({
    tenant,
    kind,
    deleted,
    id: { $gt: after },
  }),
  newest: (tenant: string, kind: DocKind, after?: string): Filter<Row> => ({
    tenant,
    kind,
    deleted: false,
    ...(after !== undefined && { id: { $lt: after } }),
  }),
  count: (tenant: string, kind: DocKind): Filter<Row> => ({ tenant, kind, deleted: false }),
  ofKinds: (kinds: DocKind[], after: string): Filter<Row> => ({ _id: { $gt: after }, kind: { $in: kinds } }),
  tenants: (kind: 'schedule'): Filter<Row> => ({ kind, deleted: false }),
  dirty: (projection: Projection, tenant?: string): Filter<Row> => ({
    [`dirty.${projection}`]: { $gt: 0 },
    ...(tenant !== undefined && { tenant }),
  }),
}
