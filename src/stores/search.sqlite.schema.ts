/** Tables and statements of the SQLite search store, in one place so that a test can look at every query plan. */
import type { Migration } from './sqlite.ts'

export const MIGRATIONS: Migration[] = [
  {
    name: 'search',
    // `scope` holds marks for tenant+kind, skills and city: exact filters inside the index, without a join per posting.
    // Vectors are clustered by what a scan is restricted to, so that it reads neighbouring pages only.
    sql: `
      create table gone (tenant text not null, kind text not null, id text not null, ver integer not null, primary key (tenant, kind, id)) strict, without rowid;
      create table entries (
        n integer primary key, tenant text not null, kind text not null, id text not null, ver integer not null, unique (tenant, kind, id)
      ) strict;
      create virtual table words using fts5 (
        scope, name, title, skills, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
      );
      create table vector_entries (
        tenant text not null, kind text not null, id text not null, space text not null, ver integer not null, primary key (tenant, kind, id, space)
      ) strict, without rowid;
      create table vectors (
        tenant text not null, kind text not null, space text not null, field text not null, id text not null, vector blob not null,
        primary key (tenant, kind, space, field, id)
      ) strict, without rowid;`,
  },
]

export const SEARCH_SQL = {
  gone: 'select ver from gone where tenant = ? and kind = ? and id = ?',
  entry: 'select n, ver from entries where tenant = ? and kind = ? and id = ?',
  insertEntry: 'insert into entries (tenant, kind, id, ver) values (?, ?, ?, ?)',
  updateEntry: 'update entries set ver = ? where n = ?',
  deleteEntry: 'delete from entries where n = ?',
  deleteWords: 'delete from words where rowid = ?',
  insertWords: 'insert into words (rowid, scope, name, title, skills, body) values (?, ?, ?, ?, ?, ?)',
  bury: `insert into gone values (?, ?, ?, ?) on conflict do update set ver = excluded.ver where excluded.ver > ver`,
  frequency: 'select count(*) n from (select 1 from words where words match ? limit ?)',
  // Weights: scope and name count nothing (names have a query of their own), a title word five times a body word. FTS5 gives better matches a lower, negative score.
  text: `select e.id, w.score from (
      select rowid n, -bm25(words, 0.0, 0.0, 5.0, 3.0, 1.0) score from words where words match ? order by rowid desc limit ?
    ) w cross join entries e on e.n = w.n where e.tenant = ? and e.kind = ? order by w.score desc, e.id limit ?`,
  listed: `select e.id, 1.0 score from words join entries e on e.n = words.rowid
    where words match ? and e.tenant = ? and e.kind = ? order by e.id limit ?`,
  // Each part by its own index and no further than the page goes; what lives again has a higher version than its tombstone.
  versions: `select id, max(ver) ver from (
      select * from (select id, ver from entries where tenant = ?1 and kind = ?2 and id > ?3 order by id limit ?4)
      union all select * from (select id, ver from gone where tenant = ?1 and kind = ?2 and id > ?3 order by id limit ?4)
    ) group by id order by id limit ?4`,
  vectorVersions: `select id, max(ver) ver from (
      select * from (select id, ver from vector_entries where tenant = ?1 and kind = ?2 and id > ?3 and space = ?5 order by id limit ?4)
      union all select * from (select id, ver from gone where tenant = ?1 and kind = ?2 and id > ?3 order by id limit ?4)
    ) group by id order by id limit ?4`,
  vectorEntry: 'select ver from vector_entries where tenant = ? and kind = ? and id = ? and space = ?',
  putVectorEntry: 'insert into vector_entries values (?, ?, ?, ?, ?) on conflict do update set ver = excluded.ver',
  spaces: 'select space, ver from vector_entries where tenant = ? and kind = ? and id = ?',
  deleteVectorEntry: 'delete from vector_entries where tenant = ? and kind = ? and id = ? and space = ?',
  putVector: 'insert into vectors values (?, ?, ?, ?, ?, ?) on conflict do update set vector = excluded.vector',
  deleteVector: 'delete from vectors where tenant = ? and kind = ? and space = ? and field = ? and id = ?',
  boundary: 'select id from vectors where tenant = ? and kind = ? and space = ? and field = ? and id > ? order by id limit 1 offset ?',
  nearest: `select id, 1 - vec_distance_cosine(vector, ?) score from vectors
    where tenant = ? and kind = ? and space = ? and field = ? and id > ? and id <= ? and length(vector) = ? order by score desc, id limit ?`,
  vectors: `select v.field, v.id, v.vector from json_each(?4) j cross join vectors v
    on v.tenant = ?1 and v.kind = ?2 and v.space = ?3 and v.field = ?5 and v.id = j.value`,
}
