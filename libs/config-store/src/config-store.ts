/**
 * Everything that config-sync does with configuration: one writer, one reader, and the relay between the
 * stores.
 *
 * 1. Readings come from the authority while it answers, so a write is read by whoever waited for it;
 *    otherwise from what this process knows, with source and age.
 */
import type { KvStore } from '@ringwatch/consul-client';
import { Fault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import { Authority } from './authority.ts';
import { ConfigReader, type SourceStatus } from './config-reader.ts';
import { ConfigRelay, type RelayReport } from './config-relay.ts';
import { ConfigWriter, missing, type WriteOptions, type WriteResult } from './config-writer.ts';
import type { ConfigDocument } from './document.ts';
import type { Source } from './document-table.ts';
import { MemoryCopy, type FastCopy } from './fast-copy.ts';
import { checkFamily, checkKey, type Family } from './families.ts';
import type { ConfigVersion } from './version.ts';

export interface ConfigStoreOptions {
  /** The authority. */
  readonly kv: KvStore;
  /** Absent: there is no fast copy. */
  readonly copy?: FastCopy;
  /** File of the last good copy. Absent: none is kept. */
  readonly snapshotPath?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A live document, with where and how recently it is known. */
export interface StoredDocument {
  readonly family: Family;
  readonly key: string;
  readonly value: unknown;
  readonly version: ConfigVersion;
  readonly hash: string;
  readonly source: Source;
  readonly ageMs: number;
}

export class ConfigStore {
  readonly #authority: Authority;
  readonly #writer: ConfigWriter;
  readonly #reader: ConfigReader;
  readonly #relay: ConfigRelay;
  readonly #hasCopy: boolean;
  readonly #end = new AbortController();
  #relaying: Promise<void> = Promise.resolve();

  constructor(options: ConfigStoreOptions) {
    const { kv, copy, clock = systemClock } = options;
    this.#authority = new Authority(kv);
    this.#writer = new ConfigWriter({
      authority: this.#authority,
      clock,
      ...(copy === undefined ? {} : { copy }),
    });
    this.#reader = new ConfigReader(options);
    const seen = (): readonly ConfigDocument[] => this.#reader.documents;
    // Without a copy the relay still notices an authority that went back, against what the reader saw.
    this.#relay = new ConfigRelay({ ...options, copy: copy ?? new MemoryCopy(), seen });
    this.#hasCopy = copy !== undefined;
  }

  /**
   * Begins to follow and to relay; resolves when something is known, at the latest after 5 s. Never rejects.
   */
  async start(): Promise<void> {
    await this.#reader.start();
    this.#relaying = this.#relay.run(this.#end.signal);
  }

  /** As {@link ConfigWriter.put}. */
  put(family: string, key: string, value: unknown, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#writer.put(family, key, value, options);
  }

  /** As {@link ConfigWriter.delete}. */
  delete(family: string, key: string, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#writer.delete(family, key, options);
  }

  /**
   * @throws {Fault} `not_found` when there is no such family or document, `invalid_argument` for a bad key.
   */
  async get(family: string, key: string): Promise<StoredDocument> {
    const known = checkFamily(family);
    checkKey(known, key);
    const read = await this.#unlessAway(() => this.#authority.read(known, key));
    if (read !== 'away' && read.unreadable !== undefined) throw read.unreadable;
    const remembered = (): StoredDocument | undefined =>
      this.#remembered(known).find((one) => one.key === key);
    const found = read === 'away' ? remembered() : liveOf(read.document);
    if (found === undefined) throw missing(known, key);
    return found;
  }

  /** The live documents of a family, by key. @throws {Fault} `not_found` when there is no such family. */
  async list(family: string): Promise<readonly StoredDocument[]> {
    const known = checkFamily(family);
    const state = await this.#unlessAway(() => this.#authority.list());
    if (state === 'away') return this.#remembered(known);
    const live = state.documents.filter((document) => document.family === known).map(liveOf);
    return live.filter((document) => document !== undefined);
  }

  /** How the sources stand. */
  get sources(): readonly SourceStatus[] {
    return this.#reader.sources;
  }

  /** How the last comparison of authority and copy went; undefined when there is no copy. */
  get relayReport(): RelayReport | undefined {
    return this.#hasCopy ? this.#relay.report : undefined;
  }

  /** Ends following and relaying. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all([this.#reader.close(), this.#relaying]);
  }

  async #unlessAway<T>(read: () => Promise<T>): Promise<T | 'away'> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof Fault && error.code === 'unavailable') return 'away';
      throw error;
    }
  }

  #remembered(family: Family): readonly StoredDocument[] {
    return this.#reader
      .list(family)
      .flatMap(({ source, ...reading }) => (source === 'none' ? [] : [{ ...reading, source }]));
  }
}

function liveOf(document: ConfigDocument | undefined): StoredDocument | undefined {
  if (document?.text === undefined) return undefined;
  const { family, key, version, hash, text } = document;
  return { family, key, value: JSON.parse(text) as unknown, version, hash, source: 'consul', ageMs: 0 };
}
