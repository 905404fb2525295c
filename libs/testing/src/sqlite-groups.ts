/**
 * Raft groups in SQLite, an independent store with the same promises (WAL journal, synchronous=FULL): the
 * oracle of the write-ahead log. What is staged is a transaction that {@link SqliteGroups.flush} commits.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Entry, EntryType, HardState } from '@ringwatch/raft';
import { withinBytes } from '@ringwatch/raft';
import type { SnapshotMeta } from '@ringwatch/raft-node';
import type { Changing, Groups } from './wal-model.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY, start INTEGER, start_term INTEGER, hard_state TEXT, snapshot TEXT);
  CREATE TABLE IF NOT EXISTS entries (
    id INTEGER, idx INTEGER, term INTEGER, type TEXT, data BLOB, PRIMARY KEY (id, idx));
`;

interface GroupRow {
  readonly start: number;
  readonly start_term: number;
  readonly hard_state: string;
  readonly snapshot: string | null;
}

interface EntryRow {
  readonly idx: number;
  readonly term: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

export class SqliteGroups implements Groups {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(SCHEMA);
    this.#database.exec('BEGIN');
  }

  flush(): void {
    this.#database.exec('COMMIT; BEGIN');
  }

  /** What was not flushed is gone. */
  close(): void {
    this.#database.exec('ROLLBACK');
    this.#database.close();
  }

  groupIds(): number[] {
    const rows = this.#database.prepare('SELECT id FROM groups ORDER BY id').all();
    return rows.map((row) => (row as { id: number }).id);
  }

  group(id: number): Changing {
    return new SqliteGroup(this.#database, id);
  }

  removeGroup(id: number): void {
    this.#database.prepare('DELETE FROM groups WHERE id = ?').run(id);
    this.#database.prepare('DELETE FROM entries WHERE id = ?').run(id);
  }
}

class SqliteGroup implements Changing {
  readonly #database: DatabaseSync;
  readonly #id: number;

  constructor(database: DatabaseSync, id: number) {
    this.#database = database;
    this.#id = id;
  }

  get firstIndex(): number {
    return this.#row.start + 1;
  }

  get lastIndex(): number {
    const row = this.#database.prepare('SELECT max(idx) AS last FROM entries WHERE id = ?').get(this.#id);
    return (row as { last: number | null }).last ?? this.#row.start;
  }

  get hardState(): HardState {
    return JSON.parse(this.#row.hard_state) as HardState;
  }

  get snapshotMeta(): SnapshotMeta | undefined {
    const { snapshot } = this.#row;
    return snapshot === null ? undefined : (JSON.parse(snapshot) as SnapshotMeta);
  }

  term(index: number): number | undefined {
    const { start, start_term: startTerm } = this.#row;
    if (index === start) return startTerm;
    const row = this.#database
      .prepare('SELECT term FROM entries WHERE id = ? AND idx = ?')
      .get(this.#id, index);
    return (row as { term: number } | undefined)?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    if (from < this.firstIndex) return undefined;
    const rows = this.#database
      .prepare('SELECT idx, term, type, data FROM entries WHERE id = ? AND idx >= ? AND idx < ? ORDER BY idx')
      .all(this.#id, from, to) as unknown as EntryRow[];
    return withinBytes(
      rows.map(({ idx, ...entry }) => ({ ...entry, index: idx })),
      bytesMax,
    );
  }

  append(entries: readonly Entry[]): void {
    this.#insert();
    const first = entries[0]?.index ?? Infinity;
    this.#database.prepare('DELETE FROM entries WHERE id = ? AND idx >= ?').run(this.#id, first);
    const insert = this.#database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
    for (const { index, term, type, data } of entries) insert.run(this.#id, index, term, type, data);
  }

  setHardState(hardState: HardState): void {
    this.#update('hard_state', JSON.stringify(hardState));
  }

  saveSnapshotMeta(meta: SnapshotMeta): void {
    this.#update('snapshot', JSON.stringify(meta));
  }

  applySnapshot(meta: SnapshotMeta): void {
    this.saveSnapshotMeta(meta);
    this.#startAt(meta.index, meta.term);
    this.#database.prepare('DELETE FROM entries WHERE id = ?').run(this.#id);
  }

  compact(index: number): void {
    const term = this.term(index);
    if (index <= this.#row.start || term === undefined) return;
    this.#startAt(index, term);
    this.#database.prepare('DELETE FROM entries WHERE id = ? AND idx <= ?').run(this.#id, index);
  }

  get #row(): GroupRow {
    const row = this.#database.prepare('SELECT * FROM groups WHERE id = ?').get(this.#id);
    const none = { start: 0, start_term: 0, hard_state: '{"term":0,"vote":0,"commit":0}', snapshot: null };
    return (row as GroupRow | undefined) ?? none;
  }

  #insert(): void {
    const { start, start_term: startTerm, hard_state: hardState, snapshot } = this.#row;
    this.#database
      .prepare('INSERT OR IGNORE INTO groups VALUES (?, ?, ?, ?, ?)')
      .run(this.#id, start, startTerm, hardState, snapshot);
  }

  #update(column: 'hard_state' | 'snapshot', value: string): void {
    this.#insert();
    this.#database.prepare(`UPDATE groups SET ${column} = ? WHERE id = ?`).run(value, this.#id);
  }

  #startAt(index: number, term: number): void {
    const update = this.#database.prepare('UPDATE groups SET start = ?, start_term = ? WHERE id = ?');
    update.run(index, term, this.#id);
  }
}
