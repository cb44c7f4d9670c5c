/**
 * The graph's nodes in Neo4j and every Cypher text that reads or writes them. Talents, positions, organizations (the companies that syncs bring) and
 * relations have `key`, `tenant`, `id` and `ver`; skills, companies and schools `key`, `tenant` and `name`. A tombstone is a node with the label
 * Deleted: its version without its edges. One with the version -1 is not known yet, but some relation leads to it.
 */
import { sha256 } from '../canonical/ids.ts'
import type { Kind } from '../canonical/schema.ts'
import { CANONICAL_KINDS, type CanonicalKind } from '../canonical/sync.ts'
import { type Edge, type EndKind, KINDS } from './ports.ts'

export const LABELS = { talent: 'Talent', position: 'Position', company: 'Organization', relation: 'Relation' } as const
/** Labels of names, and of documents, by what `to` of an edge begins with. */
export const NAMES = { 'skill:': 'Skill', 'company:': 'Company', 'school:': 'School' } as const
const ENDS = { 'talent#': LABELS.talent, 'position#': LABELS.position, 'company#': LABELS.company } as const
export const TARGETS = { ...NAMES, ...ENDS }
export type Target = keyof typeof TARGETS
const ANY_END = Object.keys(ENDS) as (keyof typeof ENDS)[]

/** From whom to what each edge leads. Behind one skill there may be a million talents and ten positions: the type tells them apart for free. */
export const EDGES: Record<Edge['type'], { from: CanonicalKind; to: Target[] }> = {
  HAS_SKILL: { from: 'talent', to: ['skill:'] },
  WORKED_AT: { from: 'talent', to: ['company:'] },
  STUDIED_AT: { from: 'talent', to: ['school:'] },
  REQUIRES: { from: 'position', to: ['skill:'] },
  POSTED_BY: { from: 'position', to: ['company:'] },
  CALLED: { from: 'company', to: ['company:'] },
  FROM: { from: 'relation', to: ANY_END },
  TO: { from: 'relation', to: ANY_END },
}

/** Targets of one node that `overlap` follows, and nodes it reads behind one target: a name that everybody has must not stall the server. */
const MAX_TARGETS = 1000
const MAX_DEGREE = 10_000
/** Characters; the index takes keys up to some 8 kB. */
const MAX_KEY = 1000

const TYPES = Object.keys(EDGES) as Edge['type'][]
const typesFrom = (kind: CanonicalKind): string => TYPES.filter((type) => EDGES[type].from === kind).join('|')

/** One key for a tenant's name, another for every other pair. Names that the index does not take go by their hash, which no other key looks like. */
export function keyOf(tenant: string, name: string): string {
  const key = `${escaped(tenant)}|${escaped(name)}`
  return key.length <= MAX_KEY ? key : `%#${sha256(key)}`
}

/** Half a surrogate pair has no UTF-8: sent as it is, the driver makes one and the same character of all of them. */
const escaped = (text: string): string =>
  text
    .replace(/[%|]/g, (char) => (char === '%' ? '%25' : '%7C'))
    .replace(/\p{Surrogate}/gu, (half) => `%u${half.charCodeAt(0).toString(16)}`)

export const CYPHER = {
  merge: (target: Target) =>
    `UNWIND $rows AS row MERGE (t:${TARGETS[target]} {key: row.key}) ON CREATE SET t.tenant = $tenant, ` +
    (target in ENDS ? 't.id = row.name, t.ver = -1' : 't.name = row.name'),

  /** Its last SET changes nothing but takes the node's lock: versions are compared by a statement of its own that sees what others committed. */
  lock: (kind: CanonicalKind) =>
    `UNWIND $rows AS row MERGE (n:${LABELS[kind]} {key: row.key}) ON CREATE SET n.id = row.id, n.ver = -1 SET n.tenant = $tenant`,
  advance: (kind: CanonicalKind) =>
    `UNWIND $rows AS row MATCH (n:${LABELS[kind]} {key: row.key}) WHERE n.ver < row.ver SET n.ver = row.ver REMOVE n:Deleted RETURN row.key AS key`,
  bury: (kind: CanonicalKind) =>
    `UNWIND $rows AS row MATCH (n:${LABELS[kind]} {key: row.key}) WHERE n.ver < row.ver SET n.ver = row.ver, n:Deleted RETURN row.key AS key`,

  /** Edges that stay are not touched: writing one takes a lock on the skill that thousands of others write to. */
  clear: (kind: CanonicalKind) =>
    `UNWIND $rows AS row MATCH (n:${LABELS[kind]} {key: row.key})-[e:${typesFrom(kind)}]->(t) WHERE NOT (type(e) + ' ' + t.key) IN row.keep WITH e, t ORDER BY t.key DELETE e`,
  /** By target, so that transactions lock the shared ones in one order: fewer die by each other. */
  link: (type: Edge['type'], target: Target) =>
    `UNWIND $rows AS row MATCH (t:${TARGETS[target]} {key: row.to}) UNWIND row.links AS link ` +
    `MATCH (n:${LABELS[EDGES[type].from]} {key: link.from}) MERGE (n)-[e:${type}]->(t) SET e.props = link.props RETURN count(*) AS linked`,

  edges: (kind: CanonicalKind) =>
    `MATCH (n:${LABELS[kind]} {key: $key})-[e:${typesFrom(kind)}]->(t) ` +
    'RETURN type(e) AS type, labels(t) AS labels, coalesce(t.name, t.id) AS name, e.props AS props',
  /** By `id`, which has no index: by `key` the server may choose to read the relations of all tenants from there on. */
  relationsOf: (end: EndKind) =>
    `MATCH (t:${LABELS[end]} {key: $key})<-[:${typesFrom('relation')}]-(n:${LABELS.relation}) WHERE n.id > $after ` +
    'WITH DISTINCT n ORDER BY n.id LIMIT $limit RETURN n.id AS id',
  /** All keys of a tenant begin with its name. */
  versions: (kind: CanonicalKind) =>
    `MATCH (n:${LABELS[kind]}) WHERE n.key STARTS WITH $prefix AND n.key > $after AND n.ver >= 0 ` +
    'RETURN n.id AS id, n.ver AS ver ORDER BY n.key LIMIT $limit',
  overlap: (kind: Kind, toKind: Kind) =>
    `MATCH (n:${LABELS[kind]} {key: $key})-[:${typesFrom(kind)}]->(t) WITH DISTINCT n, t ORDER BY t.key LIMIT ${MAX_TARGETS} ` +
    `CALL (n, t) { MATCH (t)<-[:${typesFrom(toKind)}]-(o:${LABELS[toKind]}) WHERE o <> n WITH DISTINCT o LIMIT ${MAX_DEGREE} RETURN o } ` +
    'RETURN o.id AS id, count(*) AS score ORDER BY score DESC, id LIMIT $limit',
}

/** All of them by name, for `plans`. */
export function everyQuery(): { query: string; text: string }[] {
  const of = <T extends string>(name: string, all: readonly T[], text: (one: T) => string) =>
    all.map((one) => ({ query: `graph.${name} ${one}`, text: text(one) }))
  return [
    ...of('merge', Object.keys(TARGETS) as Target[], CYPHER.merge),
    ...of('lock', CANONICAL_KINDS, CYPHER.lock),
    ...of('advance', CANONICAL_KINDS, CYPHER.advance),
    ...of('bury', CANONICAL_KINDS, CYPHER.bury),
    ...of('clear', CANONICAL_KINDS, CYPHER.clear),
    ...TYPES.flatMap((type) => of(`link ${type}`, EDGES[type].to, (target) => CYPHER.link(type, target))),
    ...of('edges', CANONICAL_KINDS, CYPHER.edges),
    ...of('versions', CANONICAL_KINDS, CYPHER.versions),
    ...of('relationsOf', [...KINDS, 'company'], CYPHER.relationsOf),
    ...KINDS.flatMap((kind) => of(`overlap ${kind}`, KINDS, (toKind) => CYPHER.overlap(kind, toKind))),
  ]
}
