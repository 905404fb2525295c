/**
 * The state of the embedded store: entries under Consul's rules, checked against Consul 1.8.7 by a
 * differential test. Pure; the owner clones it, changes the clone, makes it durable and only then shows it.
 *
 * 1. The index rises by one with every mutation that changes something, and only then.
 * 2. Putting an entry's own value and flags again succeeds and changes nothing.
 * 3. A removed key leaves a grave with its index, so that waiters on its prefix see the removal. Graves are
 *    bounded; a listing without any entry or grave has the index of the whole store.
 */
import { Fault } from '@ringwatch/kernel';
import { VALUE_BYTES_MAX, type KvEntry, type KvListing } from './kv-store.ts';

/** Entries in the store. */
export const ENTRIES_MAX = 10_000;
/** Keys and values together, bytes. */
export const TOTAL_BYTES_MAX = 8 * 1024 * 1024;
/** One key, bytes of UTF-8. */
export const KEY_BYTES_MAX = 1_024;
const GRAVES_MAX = 4_096;

/** One change, as Consul's API knows it. `cas` as in {@link KvStore}. */
export type KvMutation =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: Buffer;
      readonly flags: number;
      readonly cas?: number;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly cas?: number }
  | { readonly kind: 'delete-tree'; readonly prefix: string };

/** Entries by key, with the index of the last change. */
export class KvTable {
  #index: number;
  #bytes = 0;
  readonly #entries = new Map<string, KvEntry>();
  readonly #graves = new Map<string, number>();

  constructor(index = 1, entries: Iterable<KvEntry> = []) {
    this.#index = index;
    for (const entry of entries) this.#set(entry);
  }

  /** Index of the last change; 1 before the first, because clients take 0 for "do not wait". */
  get index(): number {
    return this.#index;
  }

  get entries(): Iterable<KvEntry> {
    return this.#entries.values();
  }

  clone(): KvTable {
    const copy = new KvTable(this.#index, this.#entries.values());
    for (const [key, index] of this.#graves) copy.#graves.set(key, index);
    return copy;
  }

  /** One entry, with the index to wait on: its own, or the store's when there is none. */
  get(key: string): { readonly entry: KvEntry | undefined; readonly index: number } {
    const entry = this.#entries.get(key);
    return { entry, index: entry?.modifyIndex ?? this.#graves.get(key) ?? this.#index };
  }

  list(prefix: string): KvListing {
    const entries = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    let index = entries.reduce((max, entry) => Math.max(max, entry.modifyIndex), 0);
    for (const [key, at] of this.#graves) if (at > index && key.startsWith(prefix)) index = at;
    return { entries, index: prefix === '' || index === 0 ? this.#index : index };
  }

  /**
   * Applies one mutation. Returns whether its condition held, as Consul answers.
   * @throws {Fault} `invalid_argument` for what Consul refuses too, `resource_exhausted` when the store is
   *   full.
   */
  apply(mutation: KvMutation): boolean {
    switch (mutation.kind) {
      case 'put':
        return this.#put(mutation.key, mutation.value, mutation.flags, mutation.cas);
      case 'delete': {
        const entry = this.#entries.get(mutation.key);
        if (entry === undefined) return true; // Gone already, whatever the condition was.
        if (mutation.cas !== undefined && mutation.cas !== entry.modifyIndex) return false;
        this.#bury([entry]);
        return true;
      }
      case 'delete-tree':
        this.#bury(this.list(mutation.prefix).entries);
        return true;
    }
  }

  #put(key: string, value: Buffer, flags: number, cas: number | undefined): boolean {
    checkEntry(key, value);
    const existing = this.#entries.get(key);
    if (cas !== undefined && cas !== (existing?.modifyIndex ?? 0)) return false;
    if (existing !== undefined && existing.flags === flags && existing.value.equals(value)) return true;
    const growth =
      existing === undefined ? Buffer.byteLength(key) + value.length : value.length - existing.value.length;
    if (
      (existing === undefined && this.#entries.size >= ENTRIES_MAX) ||
      this.#bytes + growth > TOTAL_BYTES_MAX
    ) {
      throw new Fault('resource_exhausted', 'the embedded store is full', { reason: 'kv_store_full' });
    }
    this.#index += 1;
    this.#graves.delete(key);
    const createIndex = existing?.createIndex ?? this.#index;
    this.#set({ key, value, flags, createIndex, modifyIndex: this.#index, lockIndex: 0 });
    return true;
  }

  #set(entry: KvEntry): void {
    this.#bytes += Buffer.byteLength(entry.key) + entry.value.length - this.#sizeOf(entry.key);
    this.#entries.set(entry.key, entry);
  }

  #bury(entries: readonly KvEntry[]): void {
    if (entries.length === 0) return;
    this.#index += 1;
    for (const { key } of entries) {
      this.#bytes -= this.#sizeOf(key);
      this.#entries.delete(key);
      this.#graves.delete(key); // Insertion order is age: the oldest grave goes first.
      this.#graves.set(key, this.#index);
    }
    for (const key of this.#graves.keys()) {
      if (this.#graves.size <= GRAVES_MAX) break;
      this.#graves.delete(key);
    }
  }

  #sizeOf(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : Buffer.byteLength(key) + entry.value.length;
  }
}

function checkEntry(key: string, value: Buffer): void {
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) {
    throw new Fault('invalid_argument', `a key has 1 to ${KEY_BYTES_MAX} bytes, this has ${keyBytes}`, {
      reason: 'kv_key_size',
    });
  }
  if (value.length > VALUE_BYTES_MAX) {
    const detail = `a value has at most ${VALUE_BYTES_MAX} bytes, this has ${value.length}`;
    throw new Fault('invalid_argument', detail, { reason: 'value_too_large' });
  }
}
