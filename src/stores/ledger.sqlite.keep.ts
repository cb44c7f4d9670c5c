/** Dead letters, idempotency keys, the register of processes, the operators' audit log, and retention. */
import { takeOut, withoutKeys } from '../ledger/person.ts'
import type { DeadLetter, Ledger, NewItem } from '../ledger/ports.ts'
import type { Group } from './group.ts'
import { ownerOf, processOf } from './ledger.rows.ts'
import { inputsOf, itemsOf, removeBatch, writeInputs, writeItems } from './ledger.sqlite.rows.ts'
import { AUDIT_DAYS, DAY_MS, ENDED_MINUTES, OWNER_MS, RECEIVING_MS } from './retention.ts'
import type { Sqlite } from './sqlite.ts'

type Part = Pick<
  Ledger,
  | 'deadLetters'
  | 'deadLetterInputs'
  | 'markReplayed'
  | 'idempotencyStart'
  | 'idempotencyEnd'
  | 'beat'
  | 'gone'
  | 'processes'
  | 'audited'
  | 'auditLog'
  | 'erase'
  | 'tidy'
>
export function keepPart(db: Sqlite, group: Group, now: () => number): Part {
  const { sql } = db
  return {
    async deadLetters(tenant, filter, { after = 0, limit }) {
      const rows = sql(
        `select id, batch_id, chunk, n, key, type, job, code, attempts, at, replayed_as from dead_letters where tenant = ? and id > ?
         and (? is null or code = ?) and (? is null or job = ?) and (? is null or batch_id = ?) and at >= ? and (? = 1 or replayed_as is null) order by id limit ?`,
      ).all(
        tenant,
        after,
        filter.code ?? null,
        filter.code ?? null,
        filter.job ?? null,
        filter.job ?? null,
        filter.batchId ?? null,
        filter.batchId ?? null,
        filter.since ? Date.parse(filter.since) : 0,
        filter.includeReplayed ? 1 : 0,
        limit,
      ) as (Omit<DeadLetter, 'batchId' | 'at' | 'replayedAs'> & { batch_id: string; at: number; replayed_as: string | null })[]
      return rows.map(({ batch_id, replayed_as, at, ...row }) => ({
        ...row,
        batchId: batch_id,
        at: new Date(at).toISOString(),
        replayedAs: replayed_as,
      }))
    },

    async deadLetterInputs(tenant, ids) {
      const found: NewItem[] = []
      for (const id of ids) {
        const letter = sql('select batch_id, chunk, n from dead_letters where id = ? and tenant = ?').get(id, tenant) as
          | { batch_id: string; chunk: number; n: number }
          | undefined
        if (!letter) continue
        const row = sql('select id from chunks where batch_id = ? and chunk = ?').get(letter.batch_id, letter.chunk) as
          | { id: number }
          | undefined
        if (!row) continue
        const items = itemsOf(db, row)
        const at = items.findIndex((item) => item.n === letter.n)
        const input = inputsOf(db, row)[at]
        if (at >= 0 && input !== null) found.push({ n: found.length, type: items[at]!.type, key: items[at]!.key, input })
      }
      return found
    },

    async markReplayed(tenant, ids, batchId) {
      await group(() => {
        for (const id of ids) sql('update dead_letters set replayed_as = ? where id = ? and tenant = ?').run(batchId, id, tenant)
      })
    },

    async idempotencyStart(tenant, key, holder) {
      return group(() => {
        const owner = ownerOf(holder)
        const row = sql('select owner, hash, status, body, location from idempotency where tenant = ? and key = ?').get(tenant, key) as
          | { owner: string; hash: string | null; status: number | null; body: string | null; location: string | null }
          | undefined
        if (!row) {
          sql('insert into idempotency (tenant, key, at, owner) values (?, ?, ?, ?)').run(tenant, key, now(), owner)
          return { state: 'new' as const }
        }
        if (row.status === null) {
          const by = processOf(row.owner)
          if (by !== holder.processId && sql('select 1 from processes where id = ? and seen_at >= ?').get(by, now() - OWNER_MS))
            return { state: 'in-flight' as const }
          sql('update idempotency set owner = ?, at = ? where tenant = ? and key = ?').run(owner, now(), tenant, key)
          return { state: 'new' as const }
        }
        return { state: 'done' as const, hash: row.hash ?? '', status: row.status, body: row.body, location: row.location }
      })
    },

    async idempotencyEnd(tenant, key, holder, answer) {
      await group(() => {
        const owner = ownerOf(holder)
        if (answer)
          sql('update idempotency set hash = ?, status = ?, body = ?, location = ? where tenant = ? and key = ? and owner = ?').run(
            answer.hash,
            answer.status,
            answer.body,
            answer.location,
            tenant,
            key,
            owner,
          )
        else sql('delete from idempotency where tenant = ? and key = ? and owner = ? and status is null').run(tenant, key, owner)
      })
    },

    async beat(info) {
      const text = JSON.stringify(info)
      await group(() => {
        sql('insert into processes values (?, ?, ?) on conflict do update set info = excluded.info, seen_at = excluded.seen_at').run(
          info.id,
          text,
          info.seenAt,
        )
      })
    },
    async gone(processId) {
      await group(() => sql('delete from processes where id = ?').run(processId))
    },
    async processes(seenWithinMs) {
      const rows = sql('select info from processes where seen_at >= ? order by id').all(now() - seenWithinMs) as { info: string }[]
      return rows.map((row) => JSON.parse(row.info))
    },

    async audited({ actor, role, action, target, outcome }) {
      await group(() => {
        sql('insert into audit (at, actor, role, action, target, outcome) values (?, ?, ?, ?, ?, ?)').run(
          now(),
          actor,
          role,
          action,
          target,
          outcome,
        )
      })
    },
    async auditLog(limit) {
      // After what was handed over before: who did something and looks at once shall see it.
      const rows = await group(() => sql('select at, actor, role, action, target, outcome from audit order by id desc limit ?').all(limit))
      return (rows as { at: number; actor: string; role: string; action: string; target: string; outcome: string }[]).map((row) => ({
        ...row,
        at: new Date(row.at).toISOString(),
      }))
    },

    async erase(tenant, person, { after, limit }) {
      return group(() => {
        const rows = sql('select id, batch_id, chunk from chunks where tenant = ? and id > ? order by id limit ?').all(
          tenant,
          Number(after ?? 0),
          limit,
        ) as { id: number; batch_id: string; chunk: number }[]
        let [changed, waiting] = [0, 0]
        for (const row of rows) {
          const [items, inputs] = [itemsOf(db, row), inputsOf(db, row)]
          const { emptied, open } = takeOut(person, items, inputs)
          waiting += open
          if (emptied.length === 0) continue
          changed += emptied.length
          writeItems(db, row, items)
          writeInputs(db, row, inputs)
          const numbers = new Set(emptied)
          for (const n of numbers)
            sql('update dead_letters set key = null where tenant = ? and batch_id = ? and n = ?').run(tenant, row.batch_id, n)
          const events = sql("select seq, data from events where batch_id = ? and type = 'items'").all(row.batch_id) as {
            seq: number
            data: string
          }[]
          for (const { seq, data } of events) {
            const without = withoutKeys(JSON.parse(data), numbers)
            if (without) sql('update events set data = ? where seq = ?').run(JSON.stringify(without), seq)
          }
        }
        return { items: changed, open: waiting, next: rows.length === limit ? String(rows.at(-1)!.id) : null }
      })
    },

    async tidy() {
      const at = now()
      await group(() => {
        sql('delete from idempotency where at < ?').run(at - DAY_MS)
        // Events are in order of time, so this looks at the old ones only and needs no index that every submission would pay for.
        const kept = sql('select seq from events where at >= ? order by seq limit 1').get(at - DAY_MS) as { seq: number } | undefined
        sql('delete from events where seq < ?').run(kept?.seq ?? Number.MAX_SAFE_INTEGER)
        sql('delete from ended where minute < ?').run(Math.floor(at / 60_000) - ENDED_MINUTES)
        sql('delete from processes where seen_at < ?').run(at - DAY_MS)
        sql('delete from audit where at < ?').run(at - AUDIT_DAYS * DAY_MS)
        const stale = sql("select id from batches where state = 'receiving' and created_at < ?").all(at - RECEIVING_MS) as { id: string }[]
        for (const { id } of stale) removeBatch(db, id)
      })
    },
  }
}
