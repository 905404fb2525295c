/**
 * The authority: documents in Consul, or in the embedded store, under one epoch.
 *
 * 1. A write is a compare-and-set on what was read, so no update is lost between writers.
 * 2. The epoch only rises. It is made by the first write, and raised when the authority turns out to have
 *    gone back.
 */
import type { KvStore } from '@ringwatch/consul-client';
import { Fault, toFault } from '@ringwatch/kernel';
import {
  CONFIG_PREFIX,
  decodeEntry,
  decodeEpoch,
  decodeListing,
  encodeEnvelope,
  encodeEpoch,
  kvKeyOf,
  META_KEY,
  type AuthorityState,
  type ConfigDocument,
} from './document.ts';
import { DOCUMENTS_MAX, type Family } from './families.ts';

/** A document as it was read, with what a write of it must compare with. */
export interface Read {
  /** Undefined when there is none, or it is unreadable; a deleted document is one. */
  readonly document: ConfigDocument | undefined;
  /** Why what is there cannot be read; a write replaces it. */
  readonly unreadable?: Fault;
  readonly cas: number;
}

/** Reads and writes documents in the store that everybody else copies. */
export class Authority {
  readonly #kv: KvStore;

  constructor(kv: KvStore) {
    this.#kv = kv;
  }

  /** @throws {Fault} `unavailable` while the store is away. */
  async read(family: Family, key: string): Promise<Read> {
    const [meta, entry] = await Promise.all([this.#kv.get(META_KEY), this.#kv.get(kvKeyOf(family, key))]);
    if (entry === undefined) return { document: undefined, cas: 0 };
    const epoch = meta === undefined ? await this.raiseEpoch(1) : decodeEpoch(meta);
    try {
      return { document: decodeEntry(entry, epoch), cas: entry.modifyIndex };
    } catch (error) {
      return { document: undefined, unreadable: toFault(error), cas: entry.modifyIndex };
    }
  }

  /** Everything at this moment. @throws {Fault} `unavailable` while the store is away. */
  async list(): Promise<AuthorityState> {
    return decodeListing(await this.#kv.list(CONFIG_PREFIX));
  }

  /**
   * Writes over `read`; undefined when somebody else wrote since.
   * @throws {Fault} `unavailable` while the store is away (the write may have happened), `aborted` when
   *   another writer replaced the document before its version could be read, `resource_exhausted` when the
   *   family is full.
   */
  async write(
    family: Family,
    key: string,
    text: string | undefined,
    atMs: number,
    read: Read,
  ): Promise<ConfigDocument | undefined> {
    if (read.cas === 0) await this.#checkRoom(family);
    const epoch = await this.raiseEpoch(1);
    if (!(await this.#kv.put(kvKeyOf(family, key), encodeEnvelope(text, atMs), { cas: read.cas })))
      return undefined;
    const entry = await this.#kv.get(kvKeyOf(family, key));
    const written = entry === undefined ? undefined : decodeEntry(entry, epoch);
    if (written !== undefined && written.text === text) return written;
    throw new Fault('aborted', 'another writer replaced the document', { reason: 'document_superseded' });
  }

  /**
   * Forgets a deletion, if it is still exactly that. @throws {Fault} `unavailable` while the store is away.
   */
  async forget({ family, key, version }: ConfigDocument): Promise<void> {
    await this.#kv.delete(kvKeyOf(family, key), { cas: version.index });
  }

  /** Makes the epoch at least `epoch`, and returns what it is then. */
  async raiseEpoch(epoch: number): Promise<number> {
    for (;;) {
      const meta = await this.#kv.get(META_KEY);
      const current = meta === undefined ? 0 : decodeEpoch(meta);
      if (current >= epoch) return current;
      // A lost race means that somebody raised it: look again. Each round the epoch is higher, so this ends.
      if (await this.#kv.put(META_KEY, encodeEpoch(epoch), { cas: meta?.modifyIndex ?? 0 })) return epoch;
    }
  }

  async #checkRoom(family: Family): Promise<void> {
    const { entries } = await this.#kv.list(kvKeyOf(family, ''));
    if (entries.length < DOCUMENTS_MAX) return;
    const detail = `family ${family} has ${DOCUMENTS_MAX} documents, deleted ones included`;
    throw new Fault('resource_exhausted', detail, { reason: 'family_full' });
  }
}
