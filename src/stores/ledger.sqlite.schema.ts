/**
 * Tables of the embedded ledger. A chunk's item states and its inputs stand in rows of their own under the chunk's id: a chunk changes its state
 * often, and its row would be written with all of its items each time. Opening a batch of 100,000 items took a second that way.
 */
import type { Migration } from './sqlite.ts'

export const LEDGER_MIGRATIONS: Migration[] = [
  {
    name: '0001-ledger',
    sql: `
create table batches (
  id text primary key, tenant text not null, label text, state text not null, created_at integer not null, opened_at integer, closed_at integer,
  cancel_requested_at integer, rerun_of text, request_id text
) strict, without rowid;
create index batches_by_tenant on batches (tenant, id);
create index batches_receiving on batches (created_at) where state = 'receiving';

create table chunks (
  id integer primary key, batch_id text not null, chunk integer not null, tenant text not null, stages text not null, barrier integer, stage integer not null, job text not null,
  state text not null, total integer not null, open integer not null, done integer not null, failed integer not null, unreadable integer not null,
  cancelled integer not null, stats text not null, flow text not null, first_n integer not null, dispatch integer not null default 0,
  fence integer not null default 0, attempt integer not null default 0, lost integer not null default 0, tag integer, created_at integer not null,
  ready_at integer not null, touched_at integer not null, started_at integer, unique (batch_id, chunk)
) strict;
create index chunks_due on chunks (job, ready_at) where state = 'waiting';
create index chunks_waiting on chunks (job, tenant, created_at) where state = 'waiting';
create index chunks_in_queue on chunks (job, tenant) where state in ('queued', 'running');
create index chunks_open on chunks (tenant, batch_id, open) where open > 0;

create table items (id integer primary key, items any not null) strict;
create table inputs (id integer primary key, inputs any not null) strict;
create table fair (job text not null, tenant text not null, tag integer not null, primary key (job, tenant)) strict;
create table fair_clock (job text primary key, v integer not null) strict;
create table service (job text primary key, ms_per_item real not null, samples integer not null) strict;
create table ended (tenant text not null, minute integer not null, n integer not null, primary key (tenant, minute)) strict;

create table events (seq integer primary key autoincrement, tenant text not null, batch_id text not null, at integer not null, type text not null, data text not null) strict;
create index events_by_batch on events (batch_id, seq);

create table dead_letters (
  id integer primary key autoincrement, tenant text not null, batch_id text not null, chunk integer not null, n integer not null, key text, type text not null,
  job text not null, code text not null, attempts integer not null, at integer not null, replayed_as text
) strict;
create index dead_letters_by_tenant on dead_letters (tenant, id);

create table idempotency (
  tenant text not null, key text not null, at integer not null, owner text not null, hash text, status integer, body text, location text, primary key (tenant, key)
) strict;
create table processes (id text primary key, info text not null, seen_at integer not null) strict;
create table audit (id integer primary key autoincrement, at integer not null, actor text not null, role text not null, action text not null, target text not null, outcome text not null) strict;
`,
  },
]
